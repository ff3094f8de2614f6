import type { Descriptor } from '../../oci/index.ts';

/** What can be wrong with a layout. */
export type FindingKind =
  /** A descriptor leads to a blob that is not there. */
  | 'missing'
  /** The bytes of a blob are not those of its digest, or cannot be read. */
  | 'corrupt'
  /** A link, a folder, a pipe stands where a file should be. */
  | 'not-regular'
  /** A descriptor says another size than its blob has, whose bytes are right. */
  | 'size'
  /** A descriptor says another type than the document that it leads to. */
  | 'type'
  /** A document is not what the specification wants. */
  | 'malformed'
  /** One name stands at more than one manifest. */
  | 'ambiguous'
  /** Nothing leads to a blob. */
  | 'unreferenced'
  /** A file among the blobs has a name that is no digest. */
  | 'misnamed'
  /** The digest is of an algorithm that cannot be computed here. */
  | 'unverifiable';

/** Something that is wrong with a layout, or at least worth a word. */
export interface Finding {
  readonly kind: FindingKind;
  /** Warnings are for what harms nobody. */
  readonly severity: 'error' | 'warning';
  /** In words, without the place. */
  readonly message: string;
  /** The layout, where there are many in a folder; else `layout`. */
  readonly repository: string;
  /** The file in the layout: `index.json`, `blobs/sha256/…`. */
  readonly file: string;
  /** How one gets there from `index.json`: `['index.json/manifests/0', 'sha256:…/layers/1']`. */
  readonly path: readonly string[];
  /** The descriptor that is not met, if it is one. */
  readonly descriptor?: Descriptor;
  /** The names of the entries that lead there. */
  readonly names: readonly string[];
}
