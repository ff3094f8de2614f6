/** Blobs that go with the request that starts their upload, to registries that are known to take them so. */
import { expect, test } from 'vitest';
import type { ClientOptions, RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { during, failure, blob, hello, type Thing } from './talk.ts';

const path = '/v2/r/blobs/uploads';
const options: ClientOptions = { singlePost: true };

const post = ({ digest, bytes }: Thing, status: number): Exchange => ({
  request: `POST ${path}/?digest=${digest}`,
  headers: {
    'content-length': String(bytes.length),
    'content-type': 'application/octet-stream',
    'content-range': undefined,
  },
  body: bytes,
  answer: { status, headers: { location: `${path}/1` } },
});
const start = (query = ''): Exchange => ({
  request: `POST ${path}/${query}`,
  headers: { 'content-length': '0' },
  answer: { status: 202, headers: { location: `${path}/1` } },
});
const put = ({ digest, bytes }: Thing): Exchange => ({
  request: `PUT ${path}/1?digest=${digest}`,
  body: bytes,
  answer: { status: 201 },
});
const push =
  ({ descriptor, bytes }: Thing, mountFrom?: string) =>
  (registry: RegistryClient) =>
    registry.pushBlob('r', descriptor, bytes, mountFrom === undefined ? {} : { mountFrom });

test('taken: that was all', async () => {
  expect(await during([post(hello, 201)], push(hello), options)).toEqual(hello.descriptor);
});

test('not taken: the bytes go to the upload that was begun', async () => {
  await during([post(hello, 202), put(hello)], push(hello), options);
});

test('refused: an error', async () => {
  const error = await failure(during([post(hello, 400)], push(hello), options));
  expect(error).toMatchObject({ status: 400, method: 'POST', repository: 'r' });
});

test('of more than a megabyte: as usual', async () => {
  const most = blob('x'.repeat(1024 * 1024));
  await during([post(most, 201)], push(most), options);
  const more = blob('x'.repeat(1024 * 1024 + 1));
  await during([start(), put(more)], push(more), options);
});

test('a small one is not asked for first, a larger one is', async () => {
  const small = blob('x'.repeat(64 * 1024));
  await during([post(small, 201)], push(small, 'base'), options);
  const large = blob('x'.repeat(64 * 1024 + 1));
  const ask = `?mount=${large.digest}&from=base`;
  await during([start(ask), put(large)], push(large, 'base'), options);
});

test('bytes that are not at hand are not fetched on the chance: as usual', async () => {
  await during(
    [start(), put(hello)],
    (registry) => registry.pushBlob('r', hello.descriptor, () => hello.bytes),
    options,
  );
});

test('unless told: as usual', async () => {
  await during([start(), put(hello)], push(hello));
});
