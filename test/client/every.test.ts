/** What holds for every operation. */
import { describe, expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import type { Transport } from '../../src/transport/index.ts';
import { version } from '../../src/version.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { operations, type OneCall } from './operations.ts';
import { during, failure, talk } from './talk.ts';

const table: readonly (readonly [string, OneCall])[] = Object.entries(operations);

describe.each(table)('%s', (name, { request, scopes, run }) => {
  const [method = '', path = ''] = request.split(' ');
  // A mount that is refused is a plain upload; that one is refused as well.
  const rows = (answer: Exchange['answer']): Exchange[] => [
    { request, ...(answer && { answer }) },
    ...(name === 'mountBlob'
      ? [{ request: 'POST /v2/team/app/blobs/uploads/', ...(answer && { answer }) }]
      : []),
  ];

  test('answered with 418: an error that says what, where and why', async () => {
    const error = await failure(
      during(rows({ status: 418, body: 'I am a teapot' }), (registry) => run(registry, {})),
    );
    expect(error).toMatchObject({ code: 'UNKNOWN', status: 418, method });
    expect(error.url).toContain(`https://registry.test${path.split('?')[0]}`);
    expect(error.repository).toBe(name === 'repositories' ? undefined : 'team/app');
    expect(error.message).toContain('registry.test');
  });

  test('without an answer: the error of the transport', async () => {
    const broken = new Error('broken');
    const { registry, lines } = talk([{ request, answer: { fail: broken } }]);
    await expect(run(registry, {})).rejects.toBe(broken);
    expect(lines).toEqual([request]);
  });

  test('aborted before: nothing is asked', async () => {
    const reason = new Error('enough');
    const { registry, lines } = talk([]);
    await expect(run(registry, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(lines).toEqual([]);
  });

  test('aborted while it waits', async () => {
    const reason = new Error('enough');
    const never: Transport = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const registry = registryClient('registry.test', { transport: never });
    const ending = new AbortController();
    const running = run(registry, { signal: ending.signal });
    setTimeout(() => ending.abort(reason), 5);
    await expect(running).rejects.toBe(reason);
  });

  test(`asks for ${scopes.join(' and ')}`, async () => {
    const challenge = 'Bearer realm="https://registry.test/token",service="registry.test"';
    const token = `/token?service=registry.test&${scopes.map((scope) => `scope=${scope}`).join('&')}`;
    const { registry, requests } = talk([
      {
        request,
        headers: { authorization: undefined },
        answer: { status: 401, headers: { 'www-authenticate': challenge } },
      },
      { request: `GET ${token.replaceAll(',', '%2C')}`, answer: { body: '{"token":"t"}' } },
      { request, headers: { authorization: 'Bearer t' }, answer: { status: 418 } },
    ]);
    await failure(run(registry, {})).catch(() => undefined);
    const asked = requests.find(({ url }) => url.pathname === '/token')?.url.searchParams.getAll('scope');
    expect(asked?.toSorted()).toEqual(scopes.toSorted());
  });

  test('says who we are', async () => {
    const { requests, registry } = talk(rows({ status: 418 }));
    await failure(run(registry, {}));
    expect(requests[0]?.headers['user-agent']).toBe(`stowage/${version}`);
  });
});

describe('names are checked before anything is asked', () => {
  const bad = ['UPPER', 'a//b', '../x', 'a?b', 'a%2fb', '', 'a\nb'];
  test.each(bad)('repository %j', async (repository) => {
    const { registry, lines } = talk([]);
    const digest = `sha256:${'0'.repeat(64)}` as never;
    for (const act of [
      () => registry.getBlob(repository, digest),
      () => registry.getManifest(repository, '1'),
      () => registry.mountBlob('r', digest, repository),
      () => registry.startUpload(repository),
      () => registry.deleteManifest(repository, '1'),
    ])
      expect((await failure(act())).code).toBe('NAME_INVALID');
    expect(lines).toEqual([]);
  });

  test('tags and digests', async () => {
    const { registry, lines } = talk([]);
    expect((await failure(registry.getManifest('r', '-x'))).code).toBe('TAG_INVALID');
    expect((await failure(registry.getManifest('r', 'sha256:../../x'))).code).toBe('DIGEST_INVALID');
    expect((await failure(registry.getBlob('r', 'sha256:x' as never))).code).toBe('DIGEST_INVALID');
    expect(lines).toEqual([]);
  });
});
