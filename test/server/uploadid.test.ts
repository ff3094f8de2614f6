import { describe, expect, test } from 'vitest';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { named } from '../oci/words.ts';
import { ask, type Answer } from './ask.ts';

const TEXT = 'one two three';
const digest = named(TEXT);

/** Starts an upload, and gives its place. */
async function start(registry: Registry, query = ''): Promise<string> {
  const { status, headers } = await ask(createHandler(registry), `POST /v2/a/blobs/uploads/${query}`);
  expect(status).toBe(202);
  expect(headers['location']).toMatch(/^\/v2\/a\/blobs\/uploads\/[A-Za-z0-9_-]+$/);
  return headers['location'] as string;
}

describe('an upload that was announced as sha512', () => {
  const close = async (registry: Registry, place: string, by: string): Promise<Answer> =>
    ask(createHandler(registry), `PUT ${place}?digest=${by}`, { body: TEXT });

  test('is not one of sha256, and goes on', async () => {
    const registry = memoryRegistry();
    const place = await start(registry, '?digest-algorithm=sha512');
    const refused = await close(registry, place, digest);
    expect(refused).toMatchObject({
      status: 400,
      errors: [{ code: 'DIGEST_INVALID', message: 'the upload was announced as sha512' }],
    });
    expect(await ask(createHandler(registry), `HEAD /v2/a/blobs/${digest}`)).toMatchObject({ status: 404 });
    expect(await ask(createHandler(registry), `GET ${place}`)).toMatchObject({
      status: 204,
      headers: { range: '0-0' },
    });
    expect(await close(registry, place, named(TEXT, 'sha512'))).toMatchObject({ status: 201 });
  });

  test('remembers it from chunk to chunk', async () => {
    const registry = memoryRegistry();
    const place = await start(registry, '?digest-algorithm=sha512');
    const { headers } = await ask(createHandler(registry), `PATCH ${place}`, { body: TEXT });
    expect(await ask(createHandler(registry), `PUT ${headers['location']}?digest=${digest}`)).toMatchObject({
      status: 400,
    });
  });

  test('of nothing announced takes both', async () => {
    for (const by of [digest, named(TEXT, 'sha512')]) {
      const registry = memoryRegistry();
      expect(await close(registry, await start(registry), by)).toMatchObject({ status: 201 });
    }
  });

  test.each(['md5', 'sha384', 'SHA256', 'constructor', 'sha256&digest-algorithm=sha256'])(
    '%s: refused',
    async (name) => {
      const answer = await ask(
        createHandler(memoryRegistry()),
        `POST /v2/a/blobs/uploads/?digest-algorithm=${name}`,
      );
      expect(answer).toMatchObject({ status: 400, errors: [{ code: 'DIGEST_INVALID' }] });
    },
  );
});

describe("an upload's id", () => {
  test('holds all there is to know: any server over the same registry can go on', async () => {
    const registry = memoryRegistry();
    let place = await start(registry);
    for (const piece of ['one ', 'two ', 'three']) {
      const { status, headers } = await ask(createHandler(registry), `PATCH ${place}`, { body: piece });
      expect(status).toBe(202);
      place = headers['location'] as string;
    }
    expect(await ask(createHandler(registry), `PUT ${place}?digest=${digest}`)).toMatchObject({
      status: 201,
    });
    expect(await (await registry.getBlob('a', digest)).text()).toBe(TEXT);
  });

  const id = (text: string): string => Buffer.from(text).toString('base64url');
  test.each([
    ['made up', 'nothing'],
    ['of a store that has none such', id(' nothing')],
    ['of another algorithm than there are', id(`${'x'.repeat(11)} y`)],
    ['without a name', id('sha256 ')],
    ['with its padding', `${id(' x')}==`],
    ['in base64 of another kind', '-_+/'],
    ['that leads elsewhere', id(' ../../etc/passwd')],
    ['with a NUL', id(' \0')],
    ['that is not UTF-8', Buffer.from([0x20, 0xff]).toString('base64url')],
    ['of a megabyte', id(` ${'x'.repeat(1_000_000)}`)],
  ])('%s: 404', async (_, text) => {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await ask(
        createHandler(memoryRegistry()),
        `${method} /v2/a/blobs/uploads/${encodeURIComponent(text)}`,
      );
      expect(answer).toMatchObject({ status: 404, errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] });
    }
  });
});

describe('an id as long as what a registry behind us gives', () => {
  const long = (length: number): Registry => ({
    ...memoryRegistry(),
    async startUpload(_, { resume } = {}) {
      const id = 'x'.repeat(length);
      if (resume !== undefined) expect(resume).toBe(id);
      return {
        id,
        offset: 0,
        minimumChunk: 0,
        write: async () => {},
        commit: () => Promise.reject(new Error('no')),
        suspend: async () => id,
        cancel: async () => {},
      };
    },
  });

  test('comes back whole', async () => {
    const registry = long(8000);
    const place = await start(registry);
    expect((await ask(createHandler(registry), `GET ${place}`)).status).toBe(204);
  });

  test('or is refused at once, if no URL can carry it', async () => {
    expect((await ask(createHandler(long(20_000)), 'POST /v2/a/blobs/uploads/')).status).toBe(502);
  });
});
