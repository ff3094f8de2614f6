/** What a copy reads of its source when a push goes on in the middle. */
import { expect, test } from 'vitest';
import { copy } from '../../src/image/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import {
  collect,
  intercept,
  openable,
  openAt,
  type GetBlobOptions,
  type Registry,
} from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

const config = { text: '{}', inline: Buffer.from('{}').toString('base64') };
const layer = 'hello, world';
const described = (text: string) => ({
  mediaType: mediaTypes.octetStream,
  digest: digestOf(Buffer.from(text)),
  size: text.length,
});

test('only what is missing is read, until nobody wants it', async () => {
  const origin = memoryRegistry();
  for (const text of [layer, config.text]) await origin.pushBlob('r', described(text), Buffer.from(text));
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    // Its bytes stand in the manifest.
    config: { ...described(config.text), data: config.inline },
    layers: [described(layer)],
  };
  const manifest = Buffer.from(JSON.stringify(document));
  await origin.pushManifest('r', manifest, { mediaType: mediaTypes.ociManifest, tags: ['1'] });

  const reads: GetBlobOptions[] = [];
  const from = intercept(origin, (operation, next) => {
    if (operation.name === 'getBlob') reads.push(operation.options);
    return next(operation);
  });
  const sent: string[] = [];
  const wanted = new AbortController();
  const target = memoryRegistry();
  const to: Registry = {
    ...target,
    async pushBlob(repository, descriptor, source, options) {
      // As a client does that was told that there is a byte already.
      const rest = openAt(openable(source), 1, wanted.signal);
      sent.push(Buffer.from(await collect(rest)).toString());
      return target.pushBlob(repository, descriptor, source, options);
    },
  };
  await copy({ registry: from, repository: 'r', tag: '1' }, { registry: to, repository: 't', tag: '1' });
  expect(sent.toSorted()).toEqual(['ello, world', '}']);
  expect(reads).toEqual([
    { range: { start: 1 }, signal: wanted.signal },
    { signal: expect.any(AbortSignal) as AbortSignal },
  ]);
  expect(reads[1]?.signal).not.toBe(wanted.signal);
});
