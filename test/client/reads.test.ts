import { expect, test } from 'vitest';
import { mediaTypes } from '../../src/oci/index.ts';
import { blob, during, failure, hello, image, index } from './talk.ts';

const sent = (thing: { readonly bytes: Uint8Array }, more: Record<string, string> = {}) => ({
  headers: { 'content-length': String(thing.bytes.length), ...more },
  body: thing.bytes,
});
const asManifest = (thing: typeof image, more: Record<string, string> = {}) =>
  sent(thing, { 'content-type': thing.descriptor.mediaType, ...more });

test('getBlob: one GET', async () => {
  const bytes = await during(
    [
      {
        request: `GET /v2/r/blobs/${hello.digest}`,
        headers: { 'accept-encoding': 'identity', range: undefined, authorization: undefined },
        answer: sent(hello),
      },
    ],
    async (registry) => (await registry.getBlob('r', hello.digest)).bytes(),
  );
  expect(bytes).toEqual(hello.bytes);
});

test('getBlob without a Content-Length: its size is asked for', async () => {
  const bytes = await during(
    [
      { request: `GET /v2/r/blobs/${hello.digest}`, answer: { body: hello.bytes } },
      { request: `HEAD /v2/r/blobs/${hello.digest}`, answer: { headers: { 'content-length': '5' } } },
    ],
    async (registry) => (await registry.getBlob('r', hello.digest)).bytes(),
  );
  expect(bytes).toEqual(hello.bytes);
});

test('getBlob of a part: one GET with a Range', async () => {
  const content = await during(
    [
      {
        request: `GET /v2/r/blobs/${hello.digest}`,
        headers: { range: 'bytes=1-3' },
        answer: {
          status: 206,
          headers: { 'content-range': 'bytes 1-3/5', 'content-length': '3' },
          body: 'ell',
        },
      },
    ],
    async (registry) => {
      const part = await registry.getBlob('r', hello.digest, { range: { start: 1, end: 4 } });
      return { text: await part.text(), size: part.descriptor.size, range: part.range };
    },
  );
  expect(content).toEqual({ text: 'ell', size: 5, range: { start: 1, end: 4 } });
});

test('getBlob of a part from a registry that sends all of it: the part is cut out', async () => {
  const text = await during(
    [{ request: `GET /v2/r/blobs/${hello.digest}`, headers: { range: 'bytes=1-' }, answer: sent(hello) }],
    async (registry) => (await registry.getBlob('r', hello.digest, { range: { start: 1 } })).text(),
  );
  expect(text).toBe('ello');
});

test('getBlob of a part whose total is not told: the size is asked for', async () => {
  const size = await during(
    [
      {
        request: `GET /v2/r/blobs/${hello.digest}`,
        answer: { status: 206, headers: { 'content-range': 'bytes 0-1/*' }, body: 'he' },
      },
      { request: `HEAD /v2/r/blobs/${hello.digest}`, answer: { headers: { 'content-length': '5' } } },
    ],
    async (registry) => {
      const part = await registry.getBlob('r', hello.digest, { range: { start: 0, end: 2 } });
      await part.bytes();
      return part.descriptor.size;
    },
  );
  expect(size).toBe(5);
});

test('getManifest: one GET that names all types', async () => {
  const content = await during(
    [
      {
        request: 'GET /v2/r/manifests/1',
        headers: {
          accept: [
            mediaTypes.ociIndex,
            mediaTypes.dockerList,
            mediaTypes.ociManifest,
            mediaTypes.dockerManifest,
            '*/*;q=0.1',
          ].join(', '),
        },
        answer: asManifest(index),
      },
    ],
    (registry) => registry.getManifest('r', '1'),
  );
  expect(content.descriptor).toEqual(index.descriptor);
});

test('getManifest of a tag without a digest in the answer (ECR): still one GET', async () => {
  const { descriptor } = await during(
    [{ request: 'GET /v2/r/manifests/1', answer: asManifest(image) }],
    (registry) => registry.getManifest('r', '1'),
  );
  expect(descriptor.digest).toBe(image.digest);
});

test('getManifest of a tag pushed as sha512: the digest of the header, checked', async () => {
  const image512 = { ...image, digest: blob(Buffer.from(image.bytes).toString(), 'sha512').digest };
  const { descriptor } = await during(
    [
      {
        request: 'GET /v2/r/manifests/1',
        answer: asManifest(image, { 'docker-content-digest': image512.digest }),
      },
    ],
    (registry) => registry.getManifest('r', '1'),
  );
  expect(descriptor.digest).toBe(image512.digest);
});

test('what was asked for is verified, whatever the registry says that it sends', async () => {
  // A registry that answers with other bytes, and their own right digest (cue-labs/oci believed it).
  const other = blob('other');
  const error = await failure(
    during(
      [
        {
          request: `GET /v2/r/blobs/${hello.digest}`,
          answer: sent(other, { 'docker-content-digest': other.digest }),
        },
      ],
      (registry) => registry.getBlob('r', hello.digest),
    ),
  );
  expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', repository: 'r', reference: hello.digest });
});

test('resolveBlob: one HEAD', async () => {
  const descriptor = await during(
    [{ request: `HEAD /v2/r/blobs/${hello.digest}`, answer: { headers: { 'content-length': '5' } } }],
    (registry) => registry.resolveBlob('r', hello.digest),
  );
  expect(descriptor).toEqual(hello.descriptor);
});

test('resolveManifest: one HEAD', async () => {
  const headers = {
    'content-type': mediaTypes.ociManifest,
    'content-length': String(image.bytes.length),
    'docker-content-digest': image.digest,
  };
  const descriptor = await during(
    [{ request: 'HEAD /v2/r/manifests/1', headers: { accept: /image\.index/ }, answer: { headers } }],
    (registry) => registry.resolveManifest('r', '1'),
  );
  expect(descriptor).toEqual(image.descriptor);
});

test.each(['docker-content-digest', 'content-length', 'content-type'])(
  'resolveManifest of a tag without %s: the document itself tells',
  async (absent) => {
    const headers = {
      'content-type': mediaTypes.ociManifest,
      'content-length': String(image.bytes.length),
      'docker-content-digest': image.digest,
      [absent]: undefined,
    };
    const descriptor = await during(
      [
        { request: 'HEAD /v2/r/manifests/1', answer: { headers } },
        { request: 'GET /v2/r/manifests/1', answer: asManifest(image) },
      ],
      (registry) => registry.resolveManifest('r', '1'),
    );
    expect(descriptor).toEqual(image.descriptor);
  },
);

test('content that is cancelled, or left in the middle, frees its connection', async () => {
  const exchange = { request: `GET /v2/r/blobs/${hello.digest}`, answer: sent(hello) };
  await during([exchange, exchange], async (registry) => {
    await (await registry.getBlob('r', hello.digest)).cancel();
    for await (const _ of await registry.getBlob('r', hello.digest)) break;
  });
});
