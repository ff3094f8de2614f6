import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import { isNotFound } from '../../src/registry/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { blob, during, failure, hello, image, index } from './talk.ts';

const sent = (thing: { readonly bytes: Uint8Array }, more: Record<string, string> = {}) => ({
  headers: { 'content-length': String(thing.bytes.length), ...more },
  body: thing.bytes,
});
const asManifest = (thing: typeof image, more: Record<string, string> = {}) =>
  sent(thing, { 'content-type': thing.descriptor.mediaType, ...more });

test('[row 75] getBlob: one GET', async () => {
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

test('[row 114] getBlob of a part from a registry that sends all of it: the part is cut out', async () => {
  const text = await during(
    [{ request: `GET /v2/r/blobs/${hello.digest}`, headers: { range: 'bytes=1-' }, answer: sent(hello) }],
    async (registry) => (await registry.getBlob('r', hello.digest, { range: { start: 1 } })).text(),
  );
  expect(text).toBe('ello');
});

test('[row 116] getBlob of a part whose total is not told: the size is asked for', async () => {
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

test('[row 59] getManifest: one GET that names all types, in one field and a fixed order', async () => {
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

test('[row 75] what was asked for is verified, whatever the registry says that it sends', async () => {
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

test('[rows 53, 59] resolveManifest: one HEAD that names all types', async () => {
  const headers = {
    'content-type': mediaTypes.ociManifest,
    'content-length': String(image.bytes.length),
    'docker-content-digest': image.digest,
  };
  const descriptor = await during(
    [
      {
        request: 'HEAD /v2/r/manifests/1',
        headers: {
          accept: /^[^,]*image\.index[^,]*, .*list.*, .*oci\.image\.manifest.*, .*docker.*manifest/,
        },
        answer: { headers },
      },
    ],
    (registry) => registry.resolveManifest('r', '1'),
  );
  expect(descriptor).toEqual(image.descriptor);
});

test.each(['docker-content-digest', 'content-length', 'content-type'])(
  '[rows 54, 57] resolveManifest of a tag without %s: the document itself tells',
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

test('[row 75] a blob of random bytes comes as it was', async () => {
  const bytes = randomBytes(1024);
  const random = { bytes, digest: digestOf(bytes) };
  const got = await during(
    [{ request: `GET /v2/r/blobs/${random.digest}`, answer: sent(random) }],
    async (registry) => (await registry.getBlob('r', random.digest)).bytes(),
  );
  expect(Buffer.compare(got, bytes)).toBe(0);
});

const resolved = (answer: Answer, reference = '1'): Exchange => ({
  request: `HEAD /v2/r/manifests/${reference}`,
  answer,
});
const resolve =
  (reference = '1') =>
  (registry: RegistryClient) =>
    registry.resolveManifest('r', reference);

test('[row 55] HEAD answered with 404: there is none, and no GET, which would count as a pull, would tell more', async () => {
  const error = await failure(during([resolved({ status: 404 })], resolve()));
  expect(error).toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
});

test('[row 55] HEAD answered with 405, as by static files: the document itself tells', async () => {
  const rows = [resolved({ status: 405 }), { request: 'GET /v2/r/manifests/1', answer: asManifest(image) }];
  expect(await during(rows, resolve())).toEqual(image.descriptor);
});

test.each([401, 403, 429, 500])('[row 56] HEAD answered with %i: no GET', async (status) => {
  expect((await failure(during([resolved({ status })], resolve()))).status).toBe(status);
});

test('[row 58] parameters of the media type are left away', async () => {
  const headers = {
    'content-type': `${mediaTypes.ociManifest}; charset=utf-8`,
    'content-length': String(image.bytes.length),
    'docker-content-digest': image.digest,
  };
  expect(await during([resolved({ headers })], resolve())).toEqual(image.descriptor);
});

test('[row 60] whether an index is there: HEAD by its digest, that accepts it', async () => {
  const headers = {
    'content-type': mediaTypes.ociIndex,
    'content-length': String(index.bytes.length),
    'docker-content-digest': index.digest,
  };
  const row = { ...resolved({ headers }, index.digest), headers: { accept: /image\.index/ } };
  expect(await during([row], resolve(index.digest))).toEqual(index.descriptor);
  const error = await failure(during([resolved({ status: 404 }, index.digest)], resolve(index.digest)));
  expect(isNotFound(error)).toBe(true);
});

test('[row 61] whether it is there, where that is not told to us: an error, and not "no"', async () => {
  const error = await failure(during([resolved({ status: 403 }, index.digest)], resolve(index.digest)));
  expect(error.code).toBe('DENIED');
  expect(isNotFound(error)).toBe(false);
});

test('[row 62] what is known is asked for by HEAD: no read is conditional, and a 304 to it is an error', async () => {
  const row = { request: 'GET /v2/r/manifests/1', headers: { 'if-none-match': undefined } };
  const error = await failure(
    during([{ ...row, answer: { status: 304 } }], (registry) => registry.getManifest('r', '1')),
  );
  expect(error).toMatchObject({ code: 'UNKNOWN', status: 304 });
});

test('[row 63] media types of the caller alone are accepted', async () => {
  const accept = [mediaTypes.ociManifest, 'application/vnd.test.manifest+json'];
  const headers = { accept: `${mediaTypes.ociManifest}, application/vnd.test.manifest+json` };
  await during(
    [
      { request: 'GET /v2/r/manifests/1', headers, answer: asManifest(image) },
      { ...resolved({ status: 404 }), headers },
    ],
    async (registry) => {
      await registry.getManifest('r', '1');
      await failure(registry.resolveManifest('r', '1'));
    },
    { accept },
  );
});

test('[row 65] HEAD by digest that names another one', async () => {
  const headers = {
    'content-type': mediaTypes.ociManifest,
    'content-length': String(image.bytes.length),
    'docker-content-digest': index.digest,
  };
  const error = await failure(during([resolved({ headers }, image.digest)], resolve(image.digest)));
  expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', reference: image.digest });
  // One of another algorithm says nothing.
  const other = { ...headers, 'docker-content-digest': `sha512:${'0'.repeat(128)}` };
  expect(await during([resolved({ headers: other }, image.digest)], resolve(image.digest))).toEqual(
    image.descriptor,
  );
  const blobRow = {
    request: `HEAD /v2/r/blobs/${hello.digest}`,
    answer: { headers: { 'content-length': '5', 'docker-content-digest': image.digest } },
  };
  const wrong = await failure(during([blobRow], (registry) => registry.resolveBlob('r', hello.digest)));
  expect(wrong.code).toBe('DIGEST_MISMATCH');
});

test('[row 73] HEAD of a blob without its length', async () => {
  const row = { request: `HEAD /v2/r/blobs/${hello.digest}` };
  const error = await failure(during([row], (registry) => registry.resolveBlob('r', hello.digest)));
  expect(error.code).toBe('RESPONSE_INVALID');
  expect(error.message).toContain('does not tell the size');
});

test('[row 74] a blob that is not there', async () => {
  for (const method of ['HEAD', 'GET']) {
    const row = { request: `${method} /v2/r/blobs/${hello.digest}`, answer: { status: 404 } };
    const error = await failure(
      during<unknown>([row], (registry) =>
        method === 'GET' ? registry.getBlob('r', hello.digest) : registry.resolveBlob('r', hello.digest),
      ),
    );
    expect(error).toMatchObject({ code: 'BLOB_UNKNOWN', status: 404, reference: hello.digest });
  }
});
