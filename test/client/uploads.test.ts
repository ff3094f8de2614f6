import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../scripted.ts';
import { blob, during, failure } from './talk.ts';

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

test('in chunks: POST, a PATCH for each, PUT; always on the newest Location', async () => {
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

test('a stream of unknown length has no Content-Range: it is appended', async () => {
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

test('cancel: DELETE, whatever comes of it', async () => {
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
