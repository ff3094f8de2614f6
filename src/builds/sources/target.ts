import type { FullReference } from '../../oci/index.ts';
import type { StoredText } from '../../json/index.ts';

/** A source as it stands in its file. */
export interface SourceText {
  /** Its name in the file. */
  readonly key: string;
  readonly sourceId: string;
  /** All of it, not parsed. */
  readonly text: StoredText;
}

/** An image in a registry. */
export interface ImageName {
  /** In the short form, by which it is remembered: a digest leaves no tag beside it. */
  readonly name: string;
  readonly reference: FullReference;
}

/** What a build starts from: what another target is built to, or an image that is there. */
export type Parent =
  | { readonly kind: 'target'; readonly from: string; readonly position: number }
  | { readonly kind: 'image'; readonly from: string; readonly image: ImageName };

/** A source for one of its architectures: what there is one build of, once its parents are known. */
export interface Target {
  /** Its number in the file, from 0 on. */
  readonly position: number;
  readonly source: SourceText;
  /** By its name at the Docker Official Images: `arm64v8`. */
  readonly arch: string;
  /** The first of its tags, by which people know it. */
  readonly tag: string;
  /** In their order, without `scratch`. */
  readonly parents: readonly Parent[];
}

/** How a target is called in messages, and among others. */
export function targetName(sourceId: string, arch: string): string {
  return `${sourceId} for ${arch}`;
}
