// Pushes a small image for two platforms to a registry: `node examples/push-hello.mjs localhost:5000/hello:latest`.
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createPlaces, digestOf, mediaTypes } from 'stowage';

const document = (value) => new TextEncoder().encode(JSON.stringify(value));

export async function pushHello({ registry, repository, tag }) {
  const pushBlob = async (bytes, mediaType) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await registry.pushBlob(repository, descriptor, bytes);
    return descriptor;
  };
  const pushManifest = async (mediaType, fields, tags = []) => {
    const bytes = document({ schemaVersion: 2, mediaType, ...fields });
    return (await registry.pushManifest(repository, bytes, { mediaType, tags })).descriptor;
  };

  const emptyTar = new Uint8Array(1024);
  const layer = await pushBlob(gzipSync(emptyTar), 'application/vnd.oci.image.layer.v1.tar+gzip');
  const rootfs = { type: 'layers', diff_ids: [digestOf(emptyTar)] };
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const config = await pushBlob(document({ architecture, os: 'linux', rootfs }), mediaTypes.ociConfig);
    manifests.push(await pushManifest(mediaTypes.ociManifest, { config, layers: [layer] }));
  }
  // The index names no platforms: a lookup finds them in the configs.
  return pushManifest(mediaTypes.ociIndex, { manifests }, [tag]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const places = createPlaces();
  console.log((await pushHello(places.open(process.argv[2] ?? 'localhost:5000/hello:latest'))).digest);
  await places.close();
}
