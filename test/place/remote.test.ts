/** Registries by their hosts: who gives the tokens, and how fast they are asked. */
import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createPlaces, type PlacesOptions } from '../../src/place/index.ts';
import { scripted, type Exchange } from '../../src/testing/index.ts';
import type { Rate } from '../../src/transport/index.ts';
import { home } from '../settings/folder.ts';
import { settled } from '../transport/clock.ts';
import { holdingServer } from '../transport/holding.ts';

/** A registry that wants tokens, and where it gives them. */
const own = 'https://r.test';
/** As tables write it: without the origin that they are about. */
const at = (origin: string): string => (origin === own ? '' : origin);
const ping = (origin: string): Exchange => ({
  request: `GET ${at(origin)}/v2/`,
  answer: {
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${origin}/token",service="s"` },
  },
});
const tokenFor = (origin: string, ...scopes: readonly string[]): Exchange => ({
  request: `GET ${at(origin)}/token?service=s${scopes.map((scope) => `&scope=repository:${scope}`).join('')}`,
  answer: { body: JSON.stringify({ token: 't', expires_in: 300 }) },
});

const pull = (repository: string) => ({ repository, actions: ['pull'] });
const push = (repository: string) => ({ repository, actions: ['pull', 'push'] });
const proxy = 'https://proxy.test';

/** Places with settings of a registry, and requests that are expected. */
async function play(
  exchanges: readonly Exchange[],
  document: unknown,
  environment: Readonly<Record<string, string>> = {},
) {
  const script = scripted(exchanges, { anyOrder: true, origin: own });
  const settings = await home().settings(document, environment);
  return { script, places: createPlaces({ transport: script.transport, settings, retries: 0 }) };
}

describe('tokens in advance', () => {
  test('for many repositories, from the registry itself', async () => {
    const { script, places } = await play([ping(own), tokenFor(own, 'a:pull', 'b:pull')], undefined);
    await places.authorize('r.test', [pull('a'), pull('b')]);
    await places.authorize('r.test', []);
    script.done();
  });

  test('for reads from the mirror, for writes from the registry', async () => {
    const { script, places } = await play(
      [
        ping(proxy),
        tokenFor(proxy, 'library/a:pull', 'library/b:pull'),
        ping('https://registry-1.docker.io'),
        tokenFor('https://registry-1.docker.io', 'x/c:pull%2Cpush'),
      ],
      undefined,
      { DOCKERHUB_PUBLIC_PROXY: proxy },
    );
    await places.authorize('index.docker.io', [pull('library/a'), pull('library/b'), push('x/c')]);
    script.done();
  });

  test('by the names that repositories have at the mirror', async () => {
    const mirrors = [{ url: proxy, repositoryPrefix: 'hub' }];
    const { script, places } = await play([ping(proxy), tokenFor(proxy, 'hub/a:pull')], {
      registries: { 'r.test': { mirrors } },
    });
    await places.authorize('r.test', [pull('a')]);
    script.done();
  });

  test('from the next one, where a mirror is not available and others stand in for it', async () => {
    const down: Exchange = { request: `GET ${proxy}/v2/`, answer: { reset: true } };
    const exchanges = [down, down, ping(own), tokenFor(own, 'a:pull')];
    const { script, places } = await play(exchanges, {
      registries: { 'r.test': { mirrors: [{ url: proxy }] } },
    });
    await places.authorize('r.test', [pull('a')]);
    script.done();
    const alone = await play([down], undefined, { DOCKERHUB_PUBLIC_PROXY: proxy });
    await expect(alone.places.authorize('docker.io', [pull('a')])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    alone.script.done();
  });
});

describe('the rate', () => {
  const rate: Rate = { requests: 100, seconds: 10, burst: 20 };
  const rateOf = async (host: string, document: unknown, options: PlacesOptions = {}, proxied = '') => {
    const settings = await home().settings(document, { DOCKERHUB_PUBLIC_PROXY: proxied });
    return createPlaces({ settings, ...options }).rate(host);
  };

  test('of Docker Hub is known; of others, what is set', async () => {
    expect(await rateOf('index.docker.io', undefined)).toEqual({ requests: 300, seconds: 60 });
    expect(await rateOf('r.test', undefined)).toBe(undefined);
    expect(await rateOf('r.test', { registries: { 'r.test': { rate } } })).toEqual(rate);
  });

  test('is that of the mirror, where one is asked first', async () => {
    expect(await rateOf('docker.io', undefined, {}, proxy)).toBe(undefined);
    const mirrors = [{ url: proxy, rate }, { url: 'https://other.test' }];
    expect(await rateOf('r.test', { registries: { 'r.test': { mirrors } } })).toEqual(rate);
  });

  test('what is told for all counts before what is set', async () => {
    const other: Rate = { requests: 1, seconds: 1 };
    const document = { registries: { 'r.test': { rate, mirrors: [{ url: proxy, rate }] } } };
    expect(await rateOf('r.test', document, { rate: other })).toEqual(other);
    expect(await rateOf('docker.io', document, { rate: other })).toEqual(other);
  });
});

test('so many requests at a time at each registry, where the settings do not say', async () => {
  const server = holdingServer();
  const settings = await home().settings({ registries: { 'r.test': { concurrency: 2 } } });
  const places = createPlaces({ transport: server.transport, settings, concurrency: 40 });
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  for (const host of ['r.test', 'other.test'])
    for (let at = 0; at < 50; at++)
      places
        .registry(host)
        .resolveManifest('x', String(at), { signal: ending.signal })
        .catch(() => {});
  // The first one finds out whether we are let in.
  await server.answerAll(404);
  await settled();
  const underWay = (host: string) => server.held.filter(({ request }) => request.url.host === host).length;
  expect([underWay('r.test'), underWay('other.test')]).toEqual([2, 40]);
  ending.abort();
});

test('the registry of a host is the one that references to it lead to', () => {
  const places = createPlaces();
  for (const [host, reference] of [
    ['docker.io', 'alpine'],
    ['registry-1.docker.io', 'alpine'],
    ['localhost:5000', 'localhost:5000/x:y'],
  ] as const)
    expect(places.registry(host)).toBe(places.open(reference).registry);
});
