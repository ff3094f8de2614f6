/** Answers that must not be believed, by the rows of the corpus of bad input: each gives one code, and frees its connection. */
import { describe, expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { all, blob, config, during, failure, hello, image, index } from './talk.ts';

const uploads = '/v2/r/blobs/uploads/';
const readBlob = async (registry: RegistryClient) => (await registry.getBlob('r', hello.digest)).bytes();
const readTag = (registry: RegistryClient) => registry.getManifest('r', '1');
const readDigest = (registry: RegistryClient) => registry.getManifest('r', image.digest);
const readTags = (registry: RegistryClient) => all(registry.tags('r'));
const part = async (registry: RegistryClient) =>
  (await registry.getBlob('r', hello.digest, { range: { start: 1, end: 3 } })).bytes();

const blobAnswer = (answer: Answer): Exchange => ({ request: `GET /v2/r/blobs/${hello.digest}`, answer });
const good = { headers: { 'content-length': '5' }, body: 'hello' };

/** What a read of `hello` gives when it is answered so. */
async function code(
  act: (registry: RegistryClient) => Promise<unknown>,
  ...rows: Exchange[]
): Promise<string> {
  const error = await failure(during(rows, act));
  expect(error.message).not.toContain('canary');
  return error.code;
}

test('28: [row 115] a part that is shorter than what was asked for, and there', async () => {
  const row = blobAnswer({
    status: 206,
    headers: { 'content-range': 'bytes 1-1/5', 'content-length': '1' },
    body: 'e',
  });
  expect(await code(part, row)).toBe('RESPONSE_INVALID');
});

describe('24: [A8] redirects', () => {
  test.each([
    ['without Location', undefined],
    ['out of TLS', 'http://registry.test/x?sig=canary'],
    ['to a file', 'file:///etc/passwd'],
    ['into a network', 'https://127.0.0.1/x'],
    ['with a user', 'https://u:canary@cdn.test/'],
  ])('%s', async (_, location) => {
    const row = blobAnswer({ status: 307, headers: { location } });
    expect(await code(readBlob, row)).toBe('REDIRECT_REFUSED');
  });

  test('in circles', async () => {
    const rows = Array.from({ length: 11 }, () =>
      blobAnswer({ status: 307, headers: { location: `/v2/r/blobs/${hello.digest}` } }),
    );
    expect(await code(readBlob, ...rows)).toBe('REDIRECT_REFUSED');
  });
});

describe('25: Location of an upload', () => {
  test.each([
    undefined,
    '',
    'http://registry.test/x',
    'http://user:canary@h/',
    'https://user:canary@h/',
    'https://169.254.169.254/x',
    'https://[',
    `/${'x'.repeat(20_000)}`,
  ])('%s', async (location) => {
    const start = { request: `POST ${uploads}`, answer: { status: 202, headers: { location } } };
    const push = (registry: RegistryClient) => registry.pushBlob('r', hello.descriptor, hello.bytes);
    expect(await code(push, start)).toBe('LOCATION_INVALID');
    expect(await code((registry) => registry.startUpload('r'), start)).toBe('LOCATION_INVALID');
  });

  test('on another host is used, without authorization [row 79]', async () => {
    const start = {
      request: `POST ${uploads}`,
      answer: { status: 202, headers: { location: '//other.test/x' } },
    };
    await during(
      [
        start,
        {
          request: `PUT https://other.test/x?digest=${hello.digest}`,
          headers: { authorization: undefined },
          answer: { status: 201 },
        },
      ],
      (registry) => registry.pushBlob('r', hello.descriptor, hello.bytes),
    );
  });
});

const started = (headers: Record<string, string> = {}): Exchange => ({
  request: `POST ${uploads}`,
  answer: { status: 202, headers: { location: `${uploads}1`, ...headers } },
});

test.each(['-1', '1e3', '10abc', String(2 ** 60), '1.5', ' '])(
  '26: OCI-Chunk-Min-Length %j',
  async (value) => {
    const row = started({ 'oci-chunk-min-length': value });
    expect(await code((registry) => registry.startUpload('r'), row)).toBe('RESPONSE_INVALID');
  },
);

describe('27: Range of a PATCH', () => {
  const patched = (range: string): Exchange => ({
    request: `PATCH ${uploads}1`,
    answer: { status: 202, headers: { location: `${uploads}2`, range } },
  });
  const write = async (registry: RegistryClient) =>
    (await registry.startUpload('r')).write(Buffer.from('hello'));

  test.each(['0-', '5-9', '0-3', '0-5', '9-0', 'hello', '0-99999999999999999999'])('%s', async (range) => {
    expect(await code(write, started(), patched(range))).toBe('UPLOAD_RANGE_MISMATCH');
  });
  test.each(['0-4', 'bytes=0-4', ''])('%j is as it should be', async (range) => {
    await during([started(), patched(range)], write);
  });
});

describe('28: [row 115] answers to a Range', () => {
  test.each([
    ['another start', { 'content-range': 'bytes 0-1/5' }],
    ['more than asked for', { 'content-range': 'bytes 1-4/5' }],
    ['no Content-Range', {}],
    ['a malformed one', { 'content-range': 'bytes 1-2' }],
    ['several parts', { 'content-type': 'multipart/byteranges; boundary=x' }],
  ])('%s', async (_, headers) => {
    expect(await code(part, blobAnswer({ status: 206, headers, body: 'el' }))).toBe('RESPONSE_INVALID');
  });

  test('fewer or more bytes than the Content-Range says', async () => {
    for (const body of ['e', 'ell']) {
      const row = blobAnswer({ status: 206, headers: { 'content-range': 'bytes 1-2/5' }, body });
      expect(await code(part, row)).toBe('SIZE_MISMATCH');
    }
  });

  test('the whole, that ends before the part begins', async () => {
    const beyond = (registry: RegistryClient) => registry.getBlob('r', hello.digest, { range: { start: 9 } });
    expect(await code(beyond, blobAnswer(good))).toBe('RANGE_INVALID');
  });

  test('the whole, but short', async () => {
    const row = blobAnswer({ headers: { 'content-length': '5' }, body: 'he' });
    expect(await code(part, row)).toBe('SIZE_MISMATCH');
  });

  test('416', async () => {
    expect(await code(part, blobAnswer({ status: 416 }))).toBe('RANGE_INVALID');
  });

  test('a part of unknown total, of a blob that is gone meanwhile', async () => {
    const row = blobAnswer({ status: 206, headers: { 'content-range': 'bytes 1-2/*' }, body: 'el' });
    const head = { request: `HEAD /v2/r/blobs/${hello.digest}`, answer: { status: 404 } };
    expect(await code(part, row, head)).toBe('BLOB_UNKNOWN');
  });
});

describe('30: [row 75] bodies', () => {
  test.each([
    ['short by a byte', 'hell', 'SIZE_MISMATCH'],
    ['long by a byte', 'hello!', 'SIZE_MISMATCH'],
    ['a bit flipped', 'hellO', 'DIGEST_MISMATCH'],
  ])('%s', async (_, body, wanted) => {
    expect(await code(readBlob, blobAnswer({ ...good, body }))).toBe(wanted);
  });

  test('without end: ended at the size that was announced', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(65_536);
    })();
    expect(await code(readBlob, blobAnswer({ ...good, body: endless }))).toBe('SIZE_MISMATCH');
  });

  test('[row 66] [A17] a manifest without end: ended at 4 MiB', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(65_536);
    })();
    const headers = { 'content-type': mediaTypes.ociManifest };
    const row = { request: 'GET /v2/r/manifests/1', answer: { headers, body: endless } };
    expect(await code(readTag, row)).toBe('RESPONSE_INVALID');
  });
});

describe('31: [row 65] Docker-Content-Digest', () => {
  const sha512 = blob('hello', 'sha512').digest;
  const digested = (value: string): Answer => ({
    ...good,
    headers: { ...good.headers, 'docker-content-digest': value },
  });

  test.each([
    ['malformed', 'sha256:abc', 'RESPONSE_INVALID'],
    ['wrong', config.digest, 'DIGEST_MISMATCH'],
  ])('%s', async (_, value, wanted) => {
    expect(await code(readBlob, blobAnswer(digested(value)))).toBe(wanted);
    const manifest = {
      headers: { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': value },
      body: image.bytes,
    };
    expect(await code(readTag, { request: 'GET /v2/r/manifests/1', answer: manifest })).toBe(wanted);
  });

  test('of another algorithm, or empty: no matter', async () => {
    for (const value of [sha512, '', 'blake3:abc'])
      expect(await during([blobAnswer(digested(value))], readBlob)).toEqual(hello.bytes);
  });

  test('malformed on HEAD of a tag', async () => {
    const headers = { 'docker-content-digest': 'x', 'content-length': '1' };
    const row = { request: 'HEAD /v2/r/manifests/1', answer: { headers } };
    expect(await code((registry) => registry.resolveManifest('r', '1'), row)).toBe('RESPONSE_INVALID');
  });
});

test.each(['gzip', 'gzip, gzip, gzip, gzip, gzip, gzip', 'br'])(
  '32: [row 76] [A11] Content-Encoding %s',
  async (encoding) => {
    const encoded = { ...good, headers: { ...good.headers, 'content-encoding': encoding } };
    expect(await code(readBlob, blobAnswer(encoded))).toBe('ENCODING_REFUSED');
    expect(await code(part, blobAnswer({ ...encoded, status: 206 }))).toBe('ENCODING_REFUSED');
    expect(await code(readTag, { request: 'GET /v2/r/manifests/1', answer: encoded })).toBe(
      'ENCODING_REFUSED',
    );
  },
);

describe('33: [rows 67, 68] [A12] Content-Type of a manifest', () => {
  const as = (reference: string, type: string | undefined, body: Uint8Array): Exchange => ({
    request: `GET /v2/r/manifests/${reference}`,
    answer: { headers: { 'content-type': type }, body },
  });
  const silent = blob(JSON.stringify({ schemaVersion: 2, manifests: [] }));

  test.each([
    ['missing', undefined, silent.bytes],
    ['text/html', 'text/html', silent.bytes],
    ['another than the document says', mediaTypes.ociIndex, image.bytes],
  ])('by tag: %s', async (_, type, bytes) => {
    expect(await code(readTag, as('1', type, bytes))).toBe('MEDIA_TYPE_CONFLICT');
  });

  test.each([undefined, 'text/html', mediaTypes.ociIndex])(
    'by digest, %s: the document is believed, for its bytes are those meant',
    async (type) => {
      const { descriptor } = await during([as(image.digest, type, image.bytes)], readDigest);
      expect(descriptor).toEqual(image.descriptor);
    },
  );

  test('a document that is an index and an image at once', async () => {
    const both = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(index.bytes).toString()), layers: [] }),
    );
    expect(await code(readTag, as('1', mediaTypes.ociIndex, both))).toBe('MEDIA_TYPE_CONFLICT');
  });
});

test('33: [A35] a type that a document makes up is shown without its escapes', async () => {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: '\u001b[2Japplication/x' });
  const headers = { 'content-type': mediaTypes.ociManifest };
  const error = await failure(
    during([{ request: 'GET /v2/r/manifests/1', answer: { headers, body } }], readTag),
  );
  expect(error.code).toBe('MEDIA_TYPE_CONFLICT');
  expect(error.message).toContain('\\x1b[2Japplication/x');
});

describe('34: [rows 48, 49, 50] [A5, A18] Link', () => {
  const page = (link: string, query = '?n=1000'): Exchange => ({
    request: `GET /v2/r/tags/list${query}`,
    answer: { headers: { link }, body: '{"tags":["1"]}' },
  });

  test.each([
    'https://elsewhere.test/x',
    '//elsewhere.test/x',
    'http://registry.test/x',
    'https://registry.test:444/',
    'https://[',
  ])('to %s', async (target) => {
    expect(await code(readTags, page(`<${target}>; rel="next"`))).toBe('PAGINATION_REFUSED');
  });

  test('to itself', async () => {
    const link = '</v2/r/tags/list?n=1000>; rel="next"';
    expect(await code(readTags, page(link), page(link))).toBe('PAGINATION_REFUSED');
  });

  test.each(['</x', `<${' '.repeat(1000)}`, ' '.repeat(1000), '</x>; rel="prev"', 'x'.repeat(9000)])(
    'that is none: %.20s',
    async (link) => {
      expect(await during([page(link)], readTags)).toEqual(['1']);
    },
  );

  test('of two, the first one', async () => {
    const rows = [page('</v2/r/tags/list?a>; rel="next", </b>; rel="next"'), page('', '?a')];
    expect(await during(rows, readTags)).toEqual(['1']);
  });
});

describe('35: lists of tags', () => {
  const listed = (body: string): Exchange => ({ request: 'GET /v2/r/tags/list?n=1000', answer: { body } });

  test.each([
    '{"tags":{}}',
    '{"tags":[1]}',
    '{"tags":"1"}',
    '{}',
    '[]',
    'null',
    '<html>',
    '',
    '{"tags":["\xff',
  ])('%s', async (body) => {
    expect(await code(readTags, listed(body))).toBe('RESPONSE_INVALID');
  });

  test('[row 52] null is empty, duplicates come once, another name does not matter', async () => {
    expect(await during([listed('{"tags":null}')], readTags)).toEqual([]);
    expect(await during([listed('{"name":"x","tags":["1","1"]}')], readTags)).toEqual(['1']);
  });

  test('[A17] a page of more than 8 MiB', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(65_536, ' ');
    })();
    const row = { request: 'GET /v2/r/tags/list?n=1000', answer: { body: endless } };
    expect(await code(readTags, row)).toBe('RESPONSE_INVALID');
  });
});

describe('36: referrers', () => {
  const referrers = (registry: RegistryClient) => all(registry.referrers('r', image.digest));
  const answered = (type: string, body: string, status = 200): Exchange => ({
    request: `GET /v2/r/referrers/${image.digest}`,
    answer: { status, headers: { 'content-type': type }, body },
  });

  test.each([
    ['text/plain', Buffer.from(index.bytes).toString()],
    [mediaTypes.dockerList, Buffer.from(index.bytes).toString()],
    [mediaTypes.ociIndex, '{"schemaVersion":2,"manifests":null}'],
    [mediaTypes.ociIndex, '{"schemaVersion":2,"manifests":[{}]}'],
    [mediaTypes.ociIndex, '[]'],
    [mediaTypes.ociIndex, '<html>'],
  ])('200 as %s: %.40s', async (type, body) => {
    expect(await code(referrers, answered(type, body))).toBe('RESPONSE_INVALID');
  });

  test('404 as HTML is no API; 500 is an error', async () => {
    const tag = `sha256-${image.digest.slice(7)}`;
    const none = { request: `GET /v2/r/manifests/${tag}`, answer: { status: 404, body: '<html>' } };
    expect(await during([answered('text/html', '<html>', 404), none], referrers)).toEqual([]);
    expect(await code(referrers, answered('text/html', '<html>', 500))).toBe('UNAVAILABLE');
  });
});

describe('37: [A17] bodies of errors', () => {
  const failed = (body: Answer['body'], status = 400): Exchange => ({
    request: 'GET /v2/r/manifests/1',
    answer: { status, ...(body !== undefined && { body }) },
  });
  const large = (async function* () {
    for (let left = 1600; left > 0; left--) yield Buffer.alloc(65_536, 'x');
    expect.unreachable('100 MB of an error were read');
  })();

  test.each([
    ['100 MB', large],
    ['binary', Buffer.from([0, 255, 254, 1])],
    ['cut JSON', '{"errors":[{"code":"DEN'],
    ['HTML', '<html><body>no</body></html>'],
    ['null', '{"errors":null}'],
    ['of odd things', '{"errors":[null,1,"x",[]]}'],
    ['nothing', undefined],
  ])('%s: the status is kept', async (_, body) => {
    const error = await failure(during([failed(body)], readTag));
    expect(error).toMatchObject({ code: 'UNKNOWN', status: 400, method: 'GET', repository: 'r' });
  });

  test('[A35] escapes are shown, and long texts cut', async () => {
    const body = JSON.stringify({
      errors: [{ code: 'DENIED\u001b[31m', message: `\u001b[2J\r\n${'x'.repeat(5000)}` }],
    });
    const error = await failure(during([failed(body)], readTag));
    // oxlint-disable-next-line no-control-regex
    expect(`${error.message}${error.code}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(error.message).toContain('\\x1b[2J');
    expect(error.message.length).toBeLessThan(1000);
  });

  test('[row 109] codes that nobody knows are kept, with their detail', async () => {
    const body = '{"errors":[{"code":"NOT_FOUND","message":"gone","detail":{"a":1}}]}';
    const error = await failure(during([failed(body, 404)], readTag));
    expect(error).toMatchObject({ code: 'NOT_FOUND', status: 404, detail: { a: 1 } });
  });
});

test.each([
  ['120', 120],
  ['-5', undefined],
  ['0', undefined],
  ['99999999', undefined],
  ['soon', undefined],
  ['Thu, 01 Jan 1970 00:00:00 GMT', undefined],
  [new Date(Date.now() + 90_500).toUTCString(), expect.closeTo(90, -1)],
])('38: Retry-After %s', async (value, seconds) => {
  const row = {
    request: 'GET /v2/r/manifests/1',
    answer: { status: 429, headers: { 'retry-after': value } },
  };
  const error = await failure(during([row], readTag));
  expect(error.code).toBe('TOOMANYREQUESTS');
  expect(error.retryAfter).toEqual(seconds);
});
