/**
 * What a process of its own does to one archive until it is killed: it pushes images, and commits each. It says what was
 * acknowledged to it, line by line: `+ TAG DIGEST` that a tag is there.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { digestOf, mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import { archiveRegistry } from '../../src/store/archive/index.ts';

const [, , file = '', prefix = ''] = process.argv;

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

for (let at = 0; ; at++) {
  const archive = archiveRegistry(file, { format: 'docker' });
  const config = Buffer.from(
    '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}',
  );
  const layer = randomBytes(100_000);
  const parts = [
    describe(mediaTypes.ociConfig, config),
    describe('application/vnd.oci.image.layer.v1.tar', layer),
  ] as const;
  await archive.pushBlob('archive', parts[0], config);
  await archive.pushBlob('archive', parts[1], layer);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: parts[0],
      layers: [parts[1]],
    }),
  );
  const tag = `${prefix}-${at}`;
  await archive.pushManifest('archive', manifest, { mediaType: mediaTypes.ociManifest, tags: [tag] });
  await archive.commit();
  // At once, and not when the event loop gets to it: the process may be killed at any moment.
  writeSync(1, `+ ${tag} ${digestOf(manifest)}\n`);
  await archive.close();
}
