/** Annotation keys that Stowage reads or writes. */
export const annotations = {
  /** The name of an entry in a layout's `index.json`; in synthesized indexes, where the entry is to be found. */
  refName: 'org.opencontainers.image.ref.name',
  /** The full name of an entry in a layout's `index.json`, by which containerd, Docker and BuildKit know it. */
  imageName: 'io.containerd.image.name',
  /** The architecture as the Docker Official Images call it: `arm64v8`. */
  bashbrewArch: 'com.docker.official-images.bashbrew.arch',
  /** BuildKit's mark on an attestation: what kind of reference this is. */
  buildkitReferenceType: 'vnd.docker.reference.type',
  /** BuildKit's mark on an attestation: the digest of the image that it speaks of. */
  buildkitReferenceDigest: 'vnd.docker.reference.digest',
} as const;

/** The value of `vnd.docker.reference.type` on BuildKit's attestations. */
export const ATTESTATION_MANIFEST = 'attestation-manifest';

/** Annotations: any key, text values, which may be empty. */
export type Annotations = Readonly<Record<string, string>>;
