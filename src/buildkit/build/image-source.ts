import type { Digest } from '../../oci/index.ts';
import type { Registry } from '../../registry/index.ts';

/** An image, or an index of images, in any registry. */
export interface ImageSource {
  readonly registry: Registry;
  readonly repository: string;
  readonly digest: Digest;
  /** What it is called there, for what people are shown. */
  readonly tag?: string;
}
