// Serves a registry from a temporary folder, pushes a small image for two platforms to it, and looks it up.
// Run it with `npm run quickstart`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { digestOf, mediaTypes } from 'stowage';
import { registryClient } from 'stowage/client';
import { layoutRegistry } from 'stowage/layout';
import { createHandler, listen } from 'stowage/server';

const folder = mkdtempSync(join(tmpdir(), 'stowage-quickstart-'));
const server = await listen(createHandler(layoutRegistry(folder)));
const address = new URL(server.url).host;
const registry = registryClient(address);
console.error(`a registry over ${folder} listens on ${server.url}`);

const document = (value) => new TextEncoder().encode(JSON.stringify(value));
const describe = (bytes, mediaType) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
async function pushBlob(bytes, mediaType) {
  const descriptor = describe(bytes, mediaType);
  await registry.pushBlob('hello', descriptor, bytes);
  return descriptor;
}
async function pushManifest(value, options = {}) {
  const bytes = document({ schemaVersion: 2, ...value });
  return (await registry.pushManifest('hello', bytes, { mediaType: value.mediaType, ...options })).descriptor;
}

const emptyTar = new Uint8Array(1024);
const layer = await pushBlob(gzipSync(emptyTar), 'application/vnd.oci.image.layer.v1.tar+gzip');
const manifests = [];
for (const architecture of ['amd64', 'arm64']) {
  const rootfs = { type: 'layers', diff_ids: [digestOf(emptyTar)] };
  const config = await pushBlob(document({ architecture, os: 'linux', rootfs }), mediaTypes.ociConfig);
  manifests.push(await pushManifest({ mediaType: mediaTypes.ociManifest, config, layers: [layer] }));
}
// No platforms in this index: the lookup finds them in the configs.
await pushManifest({ mediaType: mediaTypes.ociIndex, manifests }, { tags: ['latest'] });
await registry.close();

const program = fileURLToPath(new URL('../dist/bin/stowage.js', import.meta.url));
console.error(`$ stowage lookup ${address}/hello --stats`);
const lookup = spawn(process.execPath, [program, 'lookup', `${address}/hello`, '--stats'], { stdio: 'inherit' });
[process.exitCode] = await once(lookup, 'close');
await server.close();
rmSync(folder, { recursive: true });
