import { mediaTypes, parseManifest, type Descriptor } from '../../oci/index.ts';

/** What OCI calls what Docker engines push. */
const NAMES: ReadonlyMap<string, string> = new Map([
  [mediaTypes.dockerConfig, mediaTypes.ociConfig],
  ['application/vnd.docker.image.rootfs.diff.tar', 'application/vnd.oci.image.layer.v1.tar'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
  [
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ],
]);

/**
 * Writes Docker's manifest of an image as OCI's: with the same config and layers, which the two have in common, under other
 * names. The digest is another one.
 * @throws {Invalid} subject `manifest`, or `json`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md#compatibility-matrix
 */
export function ociManifest(bytes: Uint8Array): Uint8Array {
  const manifest = parseManifest(bytes, mediaTypes.dockerManifest);
  if (manifest.kind !== 'image') return bytes;
  const { config, layers, ...others } = manifest.document;
  const renamed = {
    ...others,
    mediaType: mediaTypes.ociManifest,
    config: asOci(config),
    layers: layers.map(asOci),
  };
  return new TextEncoder().encode(JSON.stringify(renamed));
}

function asOci(descriptor: Descriptor): Descriptor {
  const { mediaType } = descriptor;
  return { ...descriptor, mediaType: NAMES.get(mediaType) ?? mediaType };
}
