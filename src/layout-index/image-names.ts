import type { Descriptor, Digest } from '../oci/index.ts';
import type { AcceptedManifest, Options, PushedManifest, PushManifestOptions } from '../registry/index.ts';
import type { Compatibility } from './compatibility.ts';

/** What is asked of the images of a layout or an archive. Nothing of it: the only image there is. */
export interface ImageQuery {
  /** Counts alone, whatever stands beside it. */
  readonly digest?: Digest;
  /** A word alone: finds a tag, or the end of a name. */
  readonly tag?: string;
  /** In any form that Docker's users write: `alpine:3.16`, `docker.io/library/alpine`. A tag beside it is its tag. */
  readonly name?: string;
}

/**
 * How an entry is, or is to be, named: with a tag alone (`org.opencontainers.image.ref.name`), or with a full name
 * (`io.containerd.image.name`, and its tag as `ref.name`).
 */
export type ImageName = { readonly tag: string } | { readonly name: string };

/** How an image is looked for. */
export interface ResolveOptions extends Options {
  /** Gives the answer of another tool, where it is not ours. */
  readonly compatibility?: Compatibility;
}

/** The images of a place that has an `index.json`: a layout, or an archive. */
export interface ImageNames {
  /** The entries as they are, in order; none where there is no layout yet. */
  entries(options?: Options): Promise<readonly Descriptor[]>;
  /**
   * Finds an image.
   * @throws {RegistryError} `MANIFEST_UNKNOWN`, which says what there is, nearest first; `REFERENCE_AMBIGUOUS`, which
   *   lists the candidates; `REFERENCE_INVALID` and `TAG_INVALID` for a query that is none.
   */
  resolve(query: ImageQuery, options?: ResolveOptions): Promise<Descriptor>;
  /**
   * Names a manifest that is there, replacing what had the name.
   * @throws {RegistryError} `MANIFEST_UNKNOWN`, `REFERENCE_INVALID`, `TAG_INVALID`.
   */
  name(digest: Digest, names: readonly ImageName[], options?: Options): Promise<Descriptor>;
  /**
   * Takes names away; what has no name any more stays, without one.
   * @returns how many of the names were there
   * @throws {RegistryError} `REFERENCE_AMBIGUOUS` for a tag that is only the end of several images' names.
   */
  unname(names: readonly ImageName[], options?: Options): Promise<number>;
}

/** How a manifest is pushed under names. */
export interface PushNamedOptions extends Omit<PushManifestOptions, 'tags'> {
  /** All of them come to name this manifest. */
  readonly names: readonly ImageName[];
}

/** What was pushed under names: what `PushedManifest` says, but for its tags. */
export type PushedNamed = Omit<PushedManifest, 'tags'>;

/** What to tell of a manifest that was pushed under names. */
export function pushedNamed({ descriptor, manifest }: AcceptedManifest): PushedNamed {
  const subject = manifest.subject?.digest;
  return { descriptor, ...(subject !== undefined && { subject }) };
}

/** The images of a layout, which can be pushed under their names. */
export interface LayoutNames extends ImageNames {
  /** Stores a manifest and names it, in one change. @throws {RegistryError} as `pushManifest` of a registry, and as `name`. */
  pushManifest(bytes: Uint8Array, options: PushNamedOptions): Promise<PushedNamed>;
}
