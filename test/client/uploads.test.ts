import { describe, expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { blob, during, failure, talk } from './talk.ts';

const path = '/v2/r/blobs/uploads';
const whole = blob('hello, world');

const start: Exchange = {
  request: `POST ${path}/`,
  headers: { 'content-length': '0' },
  answer: { status: 202, headers: { location: `${path}/0`, 'oci-chunk-min-length': '4' } },
};
const chunk = (
  from: string,
  to: string,
  range: string,
  body: string,
  held: string | undefined,
): Exchange => ({
  request: `PATCH ${path}/${from}`,
  headers: {
    'content-range': range,
    'content-length': String(body.length),
    'content-type': 'application/octet-stream',
  },
  body,
  answer: { status: 202, headers: { location: `${path}/${to}`, range: held } },
});
const finish = (from: string, range: string | undefined, body: string): Exchange => ({
  request: `PUT ${path}/${from}?digest=${whole.digest}`,
  headers: { 'content-range': range, 'content-length': String(body.length) },
  body,
  answer: { status: 201 },
});

// No row here has a Docker-Upload-UUID: the Location is all that is needed.
test('in chunks: POST, a PATCH for each, PUT; always on the newest Location [rows 84, 91, 92, 95]', async () => {
  await during(
    [
      start,
      chunk('0', '1', '0-4', 'hello', '0-4'),
      chunk('1', '2', '5-6', ', ', '0-6'),
      finish('2', undefined, ''),
    ],
    async (registry) => {
      // The third chunk would be `world`; here the upload is another one's to end.
      const upload = await registry.startUpload('r');
      expect(upload).toMatchObject({ id: `https://registry.test${path}/0`, offset: 0, minimumChunk: 4 });
      await upload.write(Buffer.from('hello'));
      await upload.write(Buffer.from(', '));
      expect(upload).toMatchObject({ id: `https://registry.test${path}/2`, offset: 7 });
      await upload.commit(whole.digest);
    },
  );
});

test('the last chunk goes with the PUT', async () => {
  const descriptor = await during(
    [start, chunk('0', '1', '0-6', 'hello, ', '0-6'), finish('1', '7-11', 'world')],
    async (registry) => {
      const upload = await registry.startUpload('r');
      await upload.write(Buffer.from('hello, '));
      return upload.commit(whole.digest, { chunk: Buffer.from('world') });
    },
  );
  expect(descriptor).toEqual(whole.descriptor);
});

test('a stream of unknown length has no Content-Range: it is appended [row 85]', async () => {
  await during(
    [
      start,
      {
        request: `PATCH ${path}/0`,
        headers: { 'content-range': undefined, 'content-length': undefined },
        body: 'hello',
        answer: { status: 202, headers: { location: `${path}/1`, range: '0-4' } },
      },
    ],
    async (registry) => {
      const upload = await registry.startUpload('r');
      await upload.write(() => Buffer.from('hello'));
      expect(upload.offset).toBe(5);
    },
  );
});

test('an algorithm other than sha256 is announced', async () => {
  await during([{ ...start, request: `POST ${path}/?digest-algorithm=sha512` }], (registry) =>
    registry.startUpload('r', { algorithm: 'sha512' }),
  );
  await during([start], (registry) => registry.startUpload('r', { algorithm: 'sha256' }));
});

test('cancel: DELETE, whatever comes of it [row 97]', async () => {
  for (const status of [204, 404, 500]) {
    await during([start, { request: `DELETE ${path}/0`, answer: { status } }], async (registry) =>
      (await registry.startUpload('r')).cancel(),
    );
  }
});

test('resume: one GET tells where it stands', async () => {
  const state = { location: `${path}/1`, range: '0-4' };
  await during(
    [
      { request: `GET ${path}/0`, answer: { status: 204, headers: state } },
      chunk('1', '2', '5-6', ', ', '0-6'),
    ],
    async (registry) => {
      const upload = await registry.startUpload('r', { resume: `https://registry.test${path}/0` });
      expect(upload.offset).toBe(5);
      await upload.write(Buffer.from(', '));
    },
  );
});

test('resume where the offset is known: no request', async () => {
  await during([chunk('0', '1', '5-6', ', ', '0-6')], async (registry) => {
    const upload = await registry.startUpload('r', { resume: `${path}/0`, offset: 5 });
    await upload.write(Buffer.from(', '));
  });
});

test('nothing at all: an upload of which 0-0 is told holds nothing [row 98]', async () => {
  const empty = blob('');
  const held = { location: `${path}/1`, range: '0-0' };
  await during(
    [
      start,
      { request: `GET ${path}/0`, answer: { status: 204, headers: held } },
      { request: `PUT ${path}/1?digest=${empty.digest}`, body: '', answer: { status: 201 } },
    ],
    async (registry) => {
      const { id } = await registry.startUpload('r');
      const upload = await registry.startUpload('r', { resume: id });
      expect(upload.offset).toBe(0);
      expect((await upload.commit(empty.digest)).size).toBe(0);
    },
  );
});

describe('a PATCH that is answered with', () => {
  const json = '{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"no","detail":{"why":"that"}}]}';
  test.each<readonly [string, Answer, object]>([
    ['404 [row 87]', { status: 404 }, { code: 'BLOB_UPLOAD_UNKNOWN', status: 404 }],
    [
      '400 and an error [row 88]',
      { status: 400, body: json },
      { code: 'BLOB_UPLOAD_INVALID', message: expect.stringContaining('no'), detail: { why: 'that' } },
    ],
    [
      '400 and no JSON [row 89]',
      { status: 400, body: '<h1>Bad Request</h1>' },
      { code: 'UNKNOWN', status: 400, detail: '<h1>Bad Request</h1>' },
    ],
    ['500 [row 90]', { status: 500 }, { code: 'UNAVAILABLE', status: 500 }],
  ])('%s', async (_, answer, expected) => {
    const row = { ...chunk('0', '1', '0-4', 'hello', undefined), answer };
    await during([start, row], async (registry) => {
      const upload = await registry.startUpload('r');
      const error = await failure(upload.write(Buffer.from('hello')));
      expect(error).toMatchObject({ method: 'PATCH', repository: 'r', ...expected });
    });
  });

  const elsewhere = 'https://storage.test/x?signature=s';
  const redirected: Exchange = {
    request: `PATCH ${path}/0`,
    answer: { status: 307, headers: { location: elsewhere } },
  };
  test('307: a source that can be sent again is [row 100]', async () => {
    const row: Exchange = {
      request: `PATCH ${elsewhere}`,
      body: 'hello',
      answer: { status: 202, headers: { location: `${path}/1`, range: '0-4' } },
    };
    await during([start, redirected, row], async (registry) => {
      const upload = await registry.startUpload('r');
      await upload.write(() => new Blob(['hello']).stream());
      expect(upload.offset).toBe(5);
    });
  });

  test('307: a stream cannot be, and that is said [row 100]', async () => {
    await during([start, redirected], async (registry) => {
      const upload = await registry.startUpload('r');
      const stream = new Blob(['hello']).stream() as ReadableStream<Uint8Array>;
      expect((await failure(upload.write(stream))).code).toBe('REDIRECT_REFUSED');
      expect(upload.offset).toBe(0);
    });
  });
});

test('suspended: the id is that of the newest Location, and nothing more is sent', async () => {
  await during([start, chunk('0', '1', '0-4', 'hello', '0-4')], async (registry) => {
    const upload = await registry.startUpload('r');
    const writing = upload.write(Buffer.from('hello'));
    expect(await upload.suspend()).toBe(`https://registry.test${path}/1`);
    await writing;
    for (const act of [() => upload.write(Buffer.from('x')), () => upload.commit(whole.digest)])
      expect((await failure(act())).code).toBe('BLOB_UPLOAD_INVALID');
  });
});

test('chunks are sent once by each try: sent again, they would be appended again', async () => {
  const { registry, requests } = talk([start, chunk('0', '1', '0-4', 'hello', '0-4')]);
  await (await registry.startUpload('r')).write(Buffer.from('hello'));
  expect(requests.map(({ once = false }) => once)).toEqual([false, true]);
});

describe('the end of an upload whose answer is lost', () => {
  const end = (answer: Answer): Exchange => ({ ...finish('0', undefined, ''), answer });
  const head = (status: number): Exchange => ({
    request: `HEAD /v2/r/blobs/${whole.digest}`,
    answer: { status, headers: { 'content-length': '12' } },
  });
  const gone: Answer = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
  const commit = async (registry: RegistryClient): Promise<unknown> =>
    (await registry.startUpload('r')).commit(whole.digest);
  const patient = () => ({ retries: 5, clock: leapingClock() });

  test.each<Answer>([{ reset: true }, { status: 502 }])(
    '%o: the blob is there, so it was done',
    async (lost) => {
      const rows = [start, end(lost), end(gone), head(200)];
      expect(await during(rows, commit, patient())).toMatchObject({ digest: whole.digest });
    },
  );

  test('and the blob is not there either: the upload is unknown', async () => {
    const rows = [start, end({ reset: true }), end(gone), head(404)];
    expect((await failure(during(rows, commit, patient()))).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('an unknown upload that was asked for once is not known, whether the blob is there or not', async () => {
    const once = await failure(during([start, end(gone)], commit, patient()));
    const limited = await failure(during([start, end({ status: 429 }), end(gone)], commit, patient()));
    expect([once.code, limited.code]).toEqual(['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_UNKNOWN']);
  });
});

test('a chunk in the wrong place is RANGE_INVALID, and the upload can be gone on with', async () => {
  const wrong = { ...chunk('0', '1', '9-10', ', ', undefined), answer: { status: 416 } };
  await during([start, wrong, chunk('0', '1', '0-1', 'he', '0-1')], async (registry) => {
    const upload = await registry.startUpload('r');
    const error = await failure(upload.write(Buffer.from(', '), { offset: 9 }));
    expect(error).toMatchObject({ code: 'RANGE_INVALID', status: 416, method: 'PATCH', repository: 'r' });
    await upload.write(Buffer.from('he'));
  });
});

test('ids: only of this registry and repository, unless this client gave them out', async () => {
  const resume = (id: string) => (registry: RegistryClient) =>
    registry.startUpload('r', { resume: id, offset: 0 });
  for (const id of [
    'https://elsewhere.test/v2/r/blobs/uploads/1',
    `${path}/../../../../other/blobs/uploads/1`,
    '/v2/other/blobs/uploads/1',
    'http://registry.test/v2/r/blobs/uploads/1',
    'http://[',
  ])
    expect(await failure(during([], resume(id))), id).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });

  const away = 'https://storage.test/x?signature=s';
  await during(
    [
      { ...start, answer: { status: 202, headers: { location: away } } },
      { request: `GET ${away}`, answer: { status: 204, headers: { range: '0-9' } } },
    ],
    async (registry) => {
      const { id } = await registry.startUpload('r');
      expect(id).toBe(away);
      expect((await registry.startUpload('r', { resume: id })).offset).toBe(10);
    },
  );
});
