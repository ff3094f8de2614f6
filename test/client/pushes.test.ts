import { expect, test } from 'vitest';
import { mediaTypes } from '../../src/oci/index.ts';
import type { RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { blob, during, failure, hello, image } from './talk.ts';

const start: Exchange = {
  request: 'POST /v2/r/blobs/uploads/',
  headers: { 'content-length': '0' },
  answer: { status: 202, headers: { location: '/v2/r/blobs/uploads/1?state=a%2Bb' } },
};
const finish: Exchange = {
  request: `PUT /v2/r/blobs/uploads/1?state=a%2Bb&digest=${hello.digest}`,
  headers: { 'content-length': '5', 'content-type': 'application/octet-stream', 'content-range': undefined },
  body: 'hello',
  answer: { status: 201, headers: { location: `/v2/r/blobs/${hello.digest}` } },
};
const cancel: Exchange = {
  request: 'DELETE /v2/r/blobs/uploads/1?state=a%2Bb',
  answer: { status: 204 },
};
const push = (registry: RegistryClient) => registry.pushBlob('r', hello.descriptor, hello.bytes);

test('pushBlob: POST, PUT to its Location with the query as it is [rows 78, 95, 99]', async () => {
  expect(await during([start, finish], push)).toEqual(hello.descriptor);
});

test('pushBlob with an offer to mount that is taken: one POST, and the source is not opened [row 80]', async () => {
  await during(
    [
      {
        request: `POST /v2/r/blobs/uploads/?mount=${hello.digest}&from=base`,
        headers: { 'content-length': '0' },
        answer: { status: 201 },
      },
    ],
    (registry) =>
      registry.pushBlob('r', hello.descriptor, () => expect.unreachable('opened'), { mountFrom: 'base' }),
  );
});

test('pushBlob with an offer to mount that is not taken: the upload that it opened is used [row 81]', async () => {
  await during(
    [{ ...start, request: `POST /v2/r/blobs/uploads/?mount=${hello.digest}&from=base` }, finish],
    (registry) => registry.pushBlob('r', hello.descriptor, hello.bytes, { mountFrom: 'base' }),
  );
});

test.each([400, 401, 403, 404, 405])(
  'pushBlob where mounting is answered with %i: a plain upload [row 82]',
  async (status) => {
    const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic realm="r"' } : {};
    await during(
      [
        { request: `POST /v2/r/blobs/uploads/?mount=${hello.digest}&from=base`, answer: { status, headers } },
        start,
        finish,
      ],
      (registry) => registry.pushBlob('r', hello.descriptor, hello.bytes, { mountFrom: 'base' }),
    );
  },
);

test.each([200, 204])('a POST that is answered with %i is no upload [row 83]', async (status) => {
  const row = { ...start, answer: { status, headers: { location: '/v2/r/blobs/uploads/1' } } };
  const uploading = (registry: RegistryClient): Promise<unknown> => registry.startUpload('r');
  for (const act of [push, uploading])
    expect(await failure(during<unknown>([row], act))).toMatchObject({
      code: 'UNKNOWN',
      status,
      method: 'POST',
    });
});

test('pushBlob of nothing [row 98]', async () => {
  const empty = blob('');
  const held = { status: 202, headers: { location: '/v2/r/blobs/uploads/1', range: '0-0' } };
  const put: Exchange = {
    request: `PUT /v2/r/blobs/uploads/1?digest=${empty.digest}`,
    headers: { 'content-length': '0', 'content-range': undefined },
    body: '',
    answer: { status: 201 },
  };
  for (const source of [empty.bytes, () => empty.bytes]) {
    const pushed = await during([{ ...start, answer: held }, put], (registry) =>
      registry.pushBlob('r', empty.descriptor, source),
    );
    expect(pushed.size).toBe(0);
  }
});

test('pushBlob that is refused: the upload is cancelled', async () => {
  const answer = { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}' };
  const error = await failure(during([start, { ...finish, answer }, cancel], push));
  expect(error).toMatchObject({ code: 'DIGEST_INVALID', status: 400, method: 'PUT', repository: 'r' });
});

test('pushBlob of bytes of another size: nothing is asked', async () => {
  const error = await failure(
    during([], (registry) => registry.pushBlob('r', hello.descriptor, Buffer.from('hell'))),
  );
  expect(error.code).toBe('SIZE_INVALID');
});

test.each([
  ['short', 'hell'],
  ['long', 'hello!'],
])('pushBlob of a stream that is too %s: the upload is cancelled', async (_, text) => {
  // The body fails while it is sent, so the PUT is none that the script gets to see.
  const error = await failure(
    during([start, cancel], (registry) => registry.pushBlob('r', hello.descriptor, () => Buffer.from(text))),
  );
  expect(error.code).toBe('SIZE_INVALID');
});

test('pushBlob of a stream that goes on after its end: the upload is cancelled', async () => {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello');
    yield Buffer.from('!');
  };
  const error = await failure(
    during([start, cancel], (registry) => registry.pushBlob('r', hello.descriptor, source)),
  );
  expect(error.code).toBe('SIZE_INVALID');
});

test('mountBlob that is done: one POST', async () => {
  const request = `POST /v2/r/blobs/uploads/?mount=${hello.digest}&from=base`;
  const mounted = await during([{ request, answer: { status: 201 } }], (registry) =>
    registry.mountBlob('r', hello.digest, 'base'),
  );
  expect(mounted).toBe(true);
});

test('mountBlob that is not done: the upload that it opened is cancelled', async () => {
  const request = `POST /v2/r/blobs/uploads/?mount=${hello.digest}`;
  const mounted = await during([{ ...start, request }, cancel], (registry) =>
    registry.mountBlob('r', hello.digest),
  );
  expect(mounted).toBe(false);
});

const put = (reference: string, headers: Record<string, string> = {}): Exchange => ({
  request: `PUT /v2/r/manifests/${reference}`,
  headers: { 'content-type': mediaTypes.ociManifest, 'content-length': String(image.bytes.length) },
  body: image.bytes,
  answer: { status: 201, headers },
});
const pushImage =
  (...tags: readonly string[]) =>
  (registry: RegistryClient) =>
    registry.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags });

test('pushManifest without a tag: one PUT by digest', async () => {
  const pushed = await during([put(image.digest)], pushImage());
  expect(pushed).toEqual({ descriptor: image.descriptor, tags: [] });
});

test('pushManifest with a tag: one PUT by tag', async () => {
  const pushed = await during([put('1')], pushImage('1'));
  expect(pushed).toEqual({ descriptor: image.descriptor, tags: ['1'] });
});

test('pushManifest with several tags: one PUT by digest with all of them', async () => {
  const pushed = await during(
    [put(`${image.digest}?tag=1&tag=1.2&tag=latest`, { 'oci-tag': '1, 1.2, latest' })],
    pushImage('1', '1.2', 'latest'),
  );
  expect(pushed.tags).toEqual(['1', '1.2', 'latest']);
});

test('pushManifest with several tags, of which the registry took one: the rest go one by one', async () => {
  await during(
    [put(`${image.digest}?tag=1&tag=1.2&tag=latest`, { 'oci-tag': '1.2' }), put('1'), put('latest')],
    pushImage('1', '1.2', 'latest'),
  );
});

test('pushManifest with several tags to a registry that ignores them: learnt once', async () => {
  await during(
    [put(`${image.digest}?tag=1&tag=2`), put('1'), put('2'), put('3'), put('4')],
    async (registry) => {
      await pushImage('1', '2')(registry);
      await pushImage('3', '4')(registry);
    },
  );
});

test('pushManifest with more tags than fit: 46 at once, the rest one by one', async () => {
  const tags = Array.from({ length: 48 }, (_, at) => `t${at}`);
  const first = tags.slice(0, 46);
  await during(
    [
      put(`${image.digest}?${first.map((tag) => `tag=${tag}`).join('&')}`, { 'oci-tag': first.join(',') }),
      put('t46'),
      put('t47'),
    ],
    pushImage(...tags),
  );
});

test.each([414, 431])(
  'pushManifest with more tags than the registry takes (%i): all go one by one',
  async (status) => {
    const tooMany = { ...put(`${image.digest}?tag=1&tag=2`), answer: { status } };
    const pushed = await during([tooMany, put('1'), put('2')], pushImage('1', '2'));
    expect(pushed.tags).toEqual(['1', '2']);
  },
);

test('pushManifest by sha512: by digest, with the tag beside it', async () => {
  const { digest } = blob(Buffer.from(image.bytes).toString(), 'sha512');
  const pushed = await during([put(`${digest}?tag=1`, { 'oci-tag': '1' })], (registry) =>
    registry.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['1'], digest }),
  );
  expect(pushed.descriptor.digest).toBe(digest);
});

test('pushManifest that is stored as something else fails', async () => {
  const error = await failure(during([put('1', { 'docker-content-digest': hello.digest })], pushImage('1')));
  expect(error.code).toBe('DIGEST_MISMATCH');
});

test('deleteBlob, deleteManifest: one DELETE', async () => {
  for (const status of [200, 202, 204]) {
    await during(
      [
        { request: `DELETE /v2/r/blobs/${hello.digest}`, answer: { status } },
        { request: 'DELETE /v2/r/manifests/1', answer: { status } },
        { request: `DELETE /v2/r/manifests/${image.digest}`, answer: { status } },
      ],
      async (registry) => {
        await registry.deleteBlob('r', hello.digest);
        await registry.deleteManifest('r', '1');
        await registry.deleteManifest('r', image.digest);
      },
    );
  }
});
