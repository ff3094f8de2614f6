/** Attacks on who may do what: tokens for other things, somebody else's uploads, refusals taken for answers. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import { intercept, isNotFound, RegistryError } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import type { Transport } from '../../src/transport/index.ts';
import { all, config, failure, hello, image } from '../client/talk.ts';
import { always, hurried, someone } from './hostile.ts';

const { mediaType } = image.descriptor;

describe('[A37] a token is used for what it is for', () => {
  /** A registry that has nothing, whose tokens say what they are for; and what was asked with which. */
  function telling(): {
    readonly transport: Transport;
    readonly uses: readonly (readonly [request: string, scopes: string])[];
  } {
    const uses: (readonly [string, string])[] = [];
    const transport: Transport = async ({ method, url, headers }) => {
      const said = (status: number, fields: Record<string, string>, body = '') => ({
        status,
        headers: fields,
        url,
        body: (async function* () {
          yield Buffer.from(body);
        })(),
        discard: async () => {},
      });
      if (url.pathname === '/token')
        return said(
          200,
          {},
          JSON.stringify({
            token: Buffer.from(url.searchParams.getAll('scope').join(' ')).toString('base64'),
          }),
        );
      const [scheme, token = ''] = (headers['authorization'] ?? '').split(' ');
      if (scheme !== 'Bearer')
        return said(401, { 'www-authenticate': 'Bearer realm="https://registry.test/token",service="s"' });
      uses.push([`${method} ${url.pathname}`, Buffer.from(token, 'base64').toString()]);
      return said(404, {});
    };
    return { transport, uses };
  }

  test('by repository, by action, and by account', async () => {
    const { transport, uses } = telling();
    const ours = registryClient('registry.test', { ...someone, transport });
    const nobodys = registryClient('registry.test', { retries: 0, transport });
    const acts = [
      (registry: RegistryClient) => registry.getManifest('public', '1'),
      (registry: RegistryClient) => registry.getManifest('secret', '1'),
      (registry: RegistryClient) => registry.pushManifest('public', image.bytes, { mediaType, tags: ['1'] }),
      (registry: RegistryClient) => registry.deleteManifest('public', image.digest),
      (registry: RegistryClient) => registry.mountBlob('public', hello.digest, 'secret'),
      (registry: RegistryClient) => all(registry.repositories()),
    ];
    for (const registry of [ours, nobodys, ours]) for (const act of acts) await act(registry).catch(() => {});
    const needs: readonly (readonly [request: RegExp, scope: RegExp])[] = [
      [/^GET \/v2\/public\/manifests/, /repository:public:\S*pull/],
      [/^GET \/v2\/secret\/manifests/, /repository:secret:\S*pull/],
      [/^(?:PUT|POST) \/v2\/public/, /repository:public:\S*push/],
      [/^DELETE \/v2\/public/, /repository:public:\S*(?:delete|\*)/],
      [/^GET \/v2\/_catalog/, /registry:catalog:\*/],
    ];
    for (const [request, scope] of needs) {
      const used = uses.filter(([line]) => request.test(line));
      expect(used.length, String(request)).toBeGreaterThan(0);
      for (const [, scopes] of used) expect(scopes).toMatch(scope);
    }
    // What may only be read is not asked to be written to, and nothing is asked for as a whole.
    for (const [, scopes] of uses)
      expect(scopes).not.toMatch(/repository:secret:\S*(?:push|delete)|repository:\*/);
  });
});

describe('[A41] only what is said not to be there is not there', () => {
  const questions: Readonly<Record<string, (registry: RegistryClient) => Promise<unknown>>> = {
    'a tag': (registry) => registry.resolveManifest('r', '1'),
    'a manifest': (registry) => registry.getManifest('r', image.digest),
    'a blob': (registry) => registry.resolveBlob('r', hello.digest),
    'a list of tags': (registry) => all(registry.tags('r')),
    'a list of referrers': (registry) => all(registry.referrers('r', image.digest)),
  };
  describe.each([401, 403, 408, 429, 500, 502, 503, 504])('%i', (status) => {
    test.each(Object.entries(questions))('is no answer about %s', async (_, act) => {
      const { transport } = always({ status });
      const error = await failure(act(registryClient('registry.test', { transport, clock: hurried })));
      expect(isNotFound(error)).toBe(false);
      expect(error.message).not.toContain('not found');
    });

    test('does not make a copy overwrite what may be there, nor skip it', async () => {
      const source = memoryRegistry();
      for (const thing of [config, hello]) await source.pushBlob('r', thing.descriptor, thing.bytes);
      await source.pushManifest('r', image.bytes, { mediaType, tags: ['1'] });
      const { transport, requests } = always({ status });
      const registry = registryClient('registry.test', { transport, clock: hurried });
      await failure(copy({ registry: source, repository: 'r', tag: '1' }, { registry, repository: 'r' }));
      expect(requests.filter(({ method }) => method === 'PUT')).toEqual([]);
    });
  });
});

describe("[A42] somebody else's upload", () => {
  test.each([
    'https://evil.test/v2/r/blobs/uploads/1',
    'https://registry.test@evil.test/v2/r/blobs/uploads/1',
    'http://registry.test/v2/r/blobs/uploads/1',
    'https://169.254.169.254/',
    'file:///etc/passwd',
  ])('an id that leads to %s gets no authorization', async (id) => {
    const { transport, requests } = always({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="r"' },
    });
    const registry = registryClient('registry.test', { ...someone, transport });
    await failure(registry.startUpload('r', { resume: id }));
    for (const { url, headers } of requests) {
      expect(url.protocol).toBe('https:');
      if (url.host !== 'registry.test') expect(headers).not.toHaveProperty('authorization');
    }
  });

  test('is not found from another repository, and not guessed', async () => {
    const registry = memoryRegistry();
    const ids = new Set<string>();
    for (let count = 0; count < 100; count++) ids.add((await registry.startUpload('r')).id);
    expect(ids.size).toBe(100);
    for (const id of ids) {
      // 128 bits, in hexadecimal or better.
      expect(id.length).toBeGreaterThanOrEqual(22);
      const error = await failure(registry.startUpload('other', { resume: id }));
      expect(error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN', status: 404 });
    }
  });
});

test('[A43] [row 135] a registry without deletes has none by any route, for blobs, digests and tags', async () => {
  const store = memoryRegistry();
  for (const thing of [config, hello]) await store.pushBlob('r', thing.descriptor, thing.bytes);
  await store.pushManifest('r', image.bytes, { mediaType, tags: ['1'] });
  const kept = intercept(store, (operation, next) => {
    if (operation.name === 'deleteManifest' || operation.name === 'deleteBlob')
      throw new RegistryError('UNSUPPORTED', 'deletes are switched off here', { status: 405 });
    return next(operation);
  });
  const server = await listen(createHandler(kept));
  onTestFinished(() => server.close());
  const registry = registryClient(server.url);
  onTestFinished(() => registry.close());
  for (const act of [
    () => registry.deleteManifest('r', '1'),
    () => registry.deleteManifest('r', image.digest),
    () => registry.deleteBlob('r', hello.digest),
  ]) {
    const error = await failure(act());
    expect(error).toMatchObject({ code: 'UNSUPPORTED', status: 405 });
    expect(error.message).toContain('deletes are switched off here');
  }
  for (const path of [`manifests/1/`, `manifests/%31`, `/manifests/1`, `manifests/1?force=true`]) {
    const answer = await fetch(`${server.url}/v2/r/${path}`, { method: 'DELETE' });
    expect([400, 404, 405]).toContain(answer.status);
  }
  expect((await store.resolveManifest('r', '1')).digest).toBe(image.digest);
  await store.resolveBlob('r', hello.digest);
});
