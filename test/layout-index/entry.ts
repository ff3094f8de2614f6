import { annotations, digestOf, mediaTypes, type Descriptor, type Digest } from '../../src/oci/index.ts';

/** The digest that a letter stands for in these tests. */
export function digestNamed(name: string): Digest {
  return digestOf(Buffer.from(name));
}

/** How the entries of these tests are named: `n` and `r`, as in the table of names in LAYOUT-ROWS.md. */
export interface Naming {
  /** `io.containerd.image.name` */
  readonly n?: string;
  /** `org.opencontainers.image.ref.name` */
  readonly r?: string;
}

/** An entry for an image that the test calls `D1`. */
export function entry(image: string, { n, r }: Naming = {}): Descriptor {
  const names = {
    ...(n !== undefined && { [annotations.imageName]: n }),
    ...(r !== undefined && { [annotations.refName]: r }),
  };
  return {
    mediaType: mediaTypes.ociManifest,
    digest: digestNamed(image),
    size: 100,
    ...(Object.keys(names).length > 0 && { annotations: names }),
  };
}
