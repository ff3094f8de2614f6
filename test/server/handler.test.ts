import { describe, expect, test } from 'vitest';
import { Invalid, mediaTypes, type Digest } from '../../src/oci/index.ts';
import { RegistryError, type ErrorFacts, type Operation, type Registry } from '../../src/registry/index.ts';
import { createHandler, type Handler, type ServerRequest } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { bytes, named } from '../oci/words.ts';
import { stream } from '../registry/streams.ts';
import { ask, recorded, replacing } from './ask.ts';

const BLOB = 'one two three';
const INDEX = '{"schemaVersion":2,"manifests":[]}';
const [blob, index] = [named(BLOB), named(INDEX)];
const path = (digest: Digest = blob): string => `/v2/a/blobs/${digest}`;

/** A registry with a blob, and an index that is tagged `v1`. */
async function filled(): Promise<Registry> {
  const registry = memoryRegistry();
  await registry.pushBlob('a', { digest: blob, size: BLOB.length }, bytes(BLOB));
  await registry.pushManifest('a', bytes(INDEX), { mediaType: mediaTypes.ociIndex, tags: ['v1'] });
  return registry;
}

/** A server over a store that fails, and what it told of failures. */
function failing(error: unknown): { readonly handler: Handler; readonly told: unknown[] } {
  const told: unknown[] = [];
  const registry = replacing(memoryRegistry(), 'resolveBlob', () => Promise.reject(error as Error));
  return { handler: createHandler(registry, { onError: (it) => told.push(it) }), told };
}

describe('a store that fails', () => {
  test.each([
    ['an error of the disk', Object.assign(new Error('EIO: /secret/path'), { code: 'EIO' })],
    ['a bug', new TypeError("Cannot read properties of undefined (reading 'secret')")],
    ['something that is no error', 'secret'],
    ['nothing', undefined],
  ])('with %s: 500, and a message that tells nothing', async (_, error) => {
    const { handler, told } = failing(error);
    const answer = await ask(handler, `GET ${path()}`, { headers: { 'if-none-match': `"${blob}"` } });
    expect(answer).toMatchObject({
      status: 500,
      errors: [{ code: 'UNKNOWN', message: 'the registry failed' }],
    });
    expect(answer.text).not.toContain('secret');
    expect(told).toEqual([error]);
  });

  test('while it throws at once, or in the middle of a list', async () => {
    const told: unknown[] = [];
    const broken = new Error('secret');
    const registry: Registry = {
      ...memoryRegistry(),
      getBlob() {
        throw broken;
      },
      async *tags() {
        yield 'v1';
        throw broken;
      },
    };
    const handler = createHandler(registry, { onError: (error) => told.push(error) });
    expect(await ask(handler, `GET ${path()}`)).toMatchObject({ status: 500 });
    expect(await ask(handler, 'GET /v2/a/tags/list')).toMatchObject({ status: 500 });
    expect(told).toEqual([broken, broken]);
  });

  test('after the caller went away: nobody is told', async () => {
    const { handler, told } = failing(new Error('aborted'));
    const answer = await ask(handler, `HEAD ${path()}`, { signal: AbortSignal.abort() });
    expect([answer.status, told]).toEqual([500, []]);
  });

  test('without anybody to tell', async () => {
    const registry = replacing(memoryRegistry(), 'resolveBlob', () => Promise.reject(new Error('x')));
    expect(await ask(createHandler(registry), `HEAD ${path()}`)).toMatchObject({ status: 500 });
  });
});

describe('what a store refuses', () => {
  test.each<readonly [code: string, facts: ErrorFacts, status: number, headers: object, told: boolean]>([
    ['UNAUTHORIZED', {}, 401, { 'www-authenticate': 'Basic realm="stowage"' }, false],
    ['UNAUTHORIZED', { status: 401 }, 401, { 'www-authenticate': 'Basic realm="stowage"' }, false],
    ['DENIED', {}, 403, {}, false],
    ['BLOB_UNKNOWN', {}, 404, {}, false],
    ['NAME_UNKNOWN', { status: 404 }, 404, {}, false],
    ['UNSUPPORTED', {}, 405, {}, false],
    ['TOOMANYREQUESTS', { retryAfter: 30 }, 429, { 'retry-after': '30' }, false],
    ['UNAVAILABLE', { status: 503, retryAfter: 5 }, 503, { 'retry-after': '5' }, true],
    ['UNAVAILABLE', {}, 502, {}, true],
    ['BLOB_CORRUPT', {}, 500, {}, true],
    ['RESPONSE_INVALID', { status: 200 }, 500, {}, true],
  ])('%s %j: %i %j', async (code, facts, status, headers, isTold) => {
    const error = new RegistryError(code, 'a message', facts);
    const { handler, told } = failing(error);
    const answer = await ask(handler, `HEAD ${path()}`);
    expect(answer).toMatchObject({ status, headers });
    expect(answer.errors).toMatchObject([{ message: 'a message' }]);
    expect(Object.keys(answer.headers).filter((name) => /^(?:www|retry)/.test(name))).toEqual(
      Object.keys(headers),
    );
    expect(told).toEqual(isTold ? [error] : []);
  });

  test('a malformed word: 400', async () => {
    const { handler } = failing(new Invalid('descriptor', 'want a text', '/layers/3/size'));
    expect(await ask(handler, `HEAD ${path()}`)).toMatchObject({
      status: 400,
      errors: [{ code: 'MANIFEST_INVALID', message: '/layers/3/size: want a text' }],
    });
  });
});

// The fewest operations: what is behind the server may be a registry far away.
describe('what is asked of the registry', () => {
  const known = { 'if-none-match': `"${blob}"` };
  test.each<
    readonly [
      line: string,
      headers: ServerRequest['headers'],
      status: number,
      operations: readonly Operation['name'][],
    ]
  >([
    [`GET ${path()}`, {}, 200, ['getBlob']],
    [`HEAD ${path()}`, {}, 200, ['resolveBlob']],
    [`GET ${path()}`, { range: 'bytes=4-6' }, 206, ['getBlob']],
    [`GET ${path()}`, { range: 'bytes=-5' }, 206, ['resolveBlob', 'getBlob']],
    [`GET ${path()}`, { range: 'bytes=99-' }, 416, ['getBlob', 'resolveBlob']],
    [`GET ${path()}`, { range: 'bytes=5-1' }, 416, ['resolveBlob']],
    [`HEAD ${path()}`, { range: 'bytes=4-6' }, 200, ['resolveBlob']],
    [`GET ${path()}`, known, 304, ['resolveBlob']],
    [`HEAD ${path()}`, known, 304, ['resolveBlob']],
    ['GET /v2/a/manifests/v1', {}, 200, ['getManifest']],
    ['HEAD /v2/a/manifests/v1', {}, 200, ['resolveManifest']],
    ['GET /v2/a/manifests/v1', { 'if-none-match': `"${index}"` }, 304, ['resolveManifest']],
    ['GET /v2/a/manifests/v1', { 'if-none-match': `"${blob}"` }, 200, ['resolveManifest', 'getManifest']],
    ['GET /v2/a/tags/list', {}, 200, ['tags']],
    ['GET /v2/_catalog', {}, 200, ['repositories']],
    [`GET /v2/a/referrers/${index}`, {}, 200, ['referrers']],
    [`POST /v2/b/blobs/uploads/?mount=${blob}&from=a`, {}, 201, ['mountBlob']],
    [`POST /v2/b/blobs/uploads/?mount=${blob}&from=UPPER`, {}, 202, ['startUpload']],
    [`POST /v2/b/blobs/uploads/?mount=${index}&from=a`, {}, 202, ['mountBlob', 'startUpload']],
    // What cannot be is refused before anything is asked.
    ['GET /v2/', {}, 200, []],
    ['GET /v2/UPPER/tags/list', {}, 400, []],
    ['PUT /v2/a/manifests/-bad', {}, 400, []],
    ['POST /v2/a/blobs/uploads/?digest=bad', {}, 400, []],
    [
      'POST /v2/a/blobs/uploads/?digest=bad',
      { 'transfer-encoding': 'chunked', 'content-length': undefined },
      400,
      [],
    ],
    ['POST /v2/a/blobs/uploads/?mount=bad', {}, 400, []],
    ['toString /v2/', {}, 405, []],
  ])('%s %j: %i after %j', async (line, headers, status, expected) => {
    const { registry, operations } = recorded(await filled());
    expect((await ask(createHandler(registry), line, { headers })).status).toBe(status);
    expect(operations).toEqual(expected);
  });
});

describe('what the caller has already', () => {
  const answer = async (
    target: string,
    headers: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<number> => {
    const {
      status,
      text,
      headers: got,
    } = await ask(createHandler(await filled()), `GET ${target}`, { headers });
    if (status === 304)
      expect([text, got['etag'], got['content-length']]).toEqual([
        '',
        expect.stringMatching(/^"sha256:/),
        undefined,
      ]);
    return status;
  };

  test.each<readonly [field: string | readonly string[], status: number]>([
    [`"${blob}"`, 304],
    [`W/"${blob}"`, 304],
    [`"x", "${blob}"`, 304],
    [['"x"', `"${blob}"`], 304],
    [`"${index}"`, 200],
    [blob, 200],
    ['', 200],
    ['"x"'.repeat(5000), 200],
  ])('If-None-Match: %s: %i', async (field, status) => {
    expect(await answer(path(), { 'if-none-match': field })).toBe(status);
  });

  test('is only known where it is there', async () => {
    expect(await answer(path(named('nothing')), { 'if-none-match': `"${named('nothing')}"` })).toBe(404);
  });

  // RFC 9110, 13.1.5: a part of other bytes is not gone on with.
  test.each([
    [`"${blob}"`, 206, 'two'],
    [`"${index}"`, 200, BLOB],
    [`W/"${blob}"`, 200, BLOB],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200, BLOB],
  ])('If-Range: %s: %i', async (field, status, text) => {
    const headers = { range: 'bytes=4-6', 'if-range': field };
    expect(await ask(createHandler(await filled()), `GET ${path()}`, { headers })).toMatchObject({
      status,
      text,
    });
  });
});

describe('bodies', () => {
  test('a manifest is counted while it comes, whatever was announced [A21]', async () => {
    const from = stream(...Array.from({ length: 100 }, () => new Uint8Array(1024 * 1024)));
    const reply = await createHandler(memoryRegistry())({
      method: 'PUT',
      target: '/v2/a/manifests/v1',
      headers: { 'transfer-encoding': 'chunked' },
      body: from,
      signal: new AbortController().signal,
    });
    expect(reply.status).toBe(413);
    expect(from).toMatchObject({ asked: 5, ended: true });
  });

  test.each(['-1', '1e3', '0x10', '1.5', ' ', '9'.repeat(17)])(
    'a length of "%s" is refused',
    async (length) => {
      const answer = await ask(createHandler(memoryRegistry()), `POST /v2/a/blobs/uploads/?digest=${blob}`, {
        headers: { 'content-length': length },
      });
      expect(answer).toMatchObject({ status: 400, errors: [{ code: 'SIZE_INVALID' }] });
    },
  );
});
