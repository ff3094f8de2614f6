import { digestOf, mediaTypes, type Digest } from '../../src/oci/index.ts';
import type { Registry } from '../../src/registry/index.ts';

export interface PushedImage {
  readonly digests: Readonly<Record<'manifest' | 'config' | 'layer', Digest>>;
  readonly manifest: Uint8Array;
}

/** Puts an image of one layer into a repository. */
export async function pushImage(
  registry: Registry,
  repository: string,
  layer: Uint8Array,
): Promise<PushedImage> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['foo=bar'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  for (const bytes of [layer, config])
    await registry.pushBlob(repository, { digest: digestOf(bytes), size: bytes.length }, bytes);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length },
      ],
    }),
  );
  await registry.pushManifest(repository, manifest, { mediaType: mediaTypes.ociManifest });
  return {
    digests: { manifest: digestOf(manifest), config: digestOf(config), layer: digestOf(layer) },
    manifest,
  };
}
