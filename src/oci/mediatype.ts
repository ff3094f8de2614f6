/** Media types of manifests, configs and layers, as the specifications write them. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  octetStream: 'application/octet-stream',
} as const;

/** The manifest types that we understand, the richest first: what a client should ask for. */
export const manifestTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

/** An OCI index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** An OCI or Docker image manifest. */
export function isImageType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** An OCI or Docker image config. */
export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

// Docker's foreign layers (Windows base images), and the OCI types that followed them and were retired.
const NON_DISTRIBUTABLE =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.tar|docker\.image\.rootfs\.foreign\.diff\.tar)(?:[.+][a-z0-9.+]+)?$/;

/**
 * A layer that may not be pushed to registries; a manifest that names one is accepted without it.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#non-distributable-layers
 */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.length < 256 && NON_DISTRIBUTABLE.test(mediaType);
}

/** The media type without its parameters: `a/b` of `a/b; charset=utf-8`. */
export function withoutParameters(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim();
}

const GRAMMAR = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

const KNOWN: ReadonlySet<string> = new Set(Object.values(mediaTypes));

/** Whether the text has the form of RFC 6838 that descriptors ask for. */
export function isMediaType(text: string): boolean {
  return KNOWN.has(text) || (text.length < 256 && GRAMMAR.test(text));
}
