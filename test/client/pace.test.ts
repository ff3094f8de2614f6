/** How a client keeps to what a registry can bear: scheduling, repetitions and redirects together. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { registryClient, type ClientEvent, type ClientOptions } from '../../src/client/index.ts';
import { scripted, type Exchange } from '../../src/testing/index.ts';
import type { Transport } from '../../src/transport/index.ts';
import { leapingClock, settled, stillClock } from '../transport/clock.ts';
import { holdingServer } from '../transport/holding.ts';
import { during, failure, hello, image } from './talk.ts';

const head = (answer: Exchange['answer'] = {}): Exchange => ({
  request: 'HEAD /v2/r/manifests/1',
  answer,
});
const found = head({
  headers: {
    'content-type': image.descriptor.mediaType,
    'content-length': String(image.descriptor.size),
    'docker-content-digest': image.digest,
  },
});
const slowDown = (seconds: number): Exchange =>
  head({ status: 429, headers: { 'retry-after': String(seconds) }, body: 'slow down' });

interface Heard {
  readonly options: ClientOptions;
  readonly events: readonly ClientEvent[];
  readonly slept: readonly number[];
}

/** Options with retries, on a clock that does not keep us waiting. */
function listening(more: ClientOptions = {}): Heard {
  const clock = leapingClock();
  const events: ClientEvent[] = [];
  return {
    events,
    slept: clock.slept,
    options: { retries: 5, clock: { ...clock }, onEvent: (event) => events.push(event), ...more },
  };
}

describe('a registry that asks for fewer requests', () => {
  test('[row 107] C47: gets its pause, and is asked again', async () => {
    const { options, events, slept } = listening();
    const { digest } = await during(
      [slowDown(3), found],
      (registry) => registry.resolveManifest('r', '1'),
      options,
    );
    expect(digest).toBe(image.digest);
    expect(slept).toEqual([3000]);
    expect(events.map(({ type }) => type)).toEqual(['request', 'wait', 'retry', 'request']);
  });

  test('[row 107] for longer than we may wait: an error, with how long', async () => {
    const { options, slept } = listening({ maxWait: 2999 });
    const error = await failure(
      during([slowDown(3)], (registry) => registry.resolveManifest('r', '1'), options),
    );
    expect(error).toMatchObject({ code: 'TOOMANYREQUESTS', status: 429, retryAfter: 3 });
    expect(slept).toEqual([]);
  });

  test('[row 107] every time: an error in the end, not a try without end', async () => {
    const { options, slept } = listening();
    const rows = Array.from({ length: 6 }, () => slowDown(3));
    const error = await failure(during(rows, (registry) => registry.resolveManifest('r', '1'), options));
    expect(error).toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 3 });
    expect(slept).toEqual([3000, 3000, 3000, 3000, 3000]);
  });
});

test('what fails at the end of a redirect is repeated there; each request on the way is told', async () => {
  const { options, events } = listening();
  const cdn = 'https://cdn.test/hello?sig=canary';
  await during(
    [
      { request: `GET /v2/r/blobs/${hello.digest}`, answer: { status: 307, headers: { location: cdn } } },
      { request: `GET ${cdn}`, answer: { status: 503 } },
      { request: `GET ${cdn}`, answer: { headers: { 'content-length': '5' }, body: hello.bytes } },
    ],
    async (registry) => (await registry.getBlob('r', hello.digest)).bytes(),
    options,
  );
  const told = { url: 'https://cdn.test/hello?sig=…', method: 'GET' };
  expect(events).toMatchObject([
    { type: 'request', url: `https://registry.test/v2/r/blobs/${hello.digest}`, status: 307 },
    { type: 'request', ...told, status: 503 },
    { type: 'retry', ...told, reason: '503', attempt: 2 },
    { type: 'request', ...told, status: 200 },
  ]);
});

test('a 404, and a 401 to a new token, are answers', async () => {
  const { options } = listening();
  const gone = head({ status: 404 });
  await failure(during([gone], (registry) => registry.resolveManifest('r', '1'), options));
  const refused = head({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="https://registry.test/token",service="s"' },
  });
  const token = {
    request: 'GET /token?service=s&scope=repository:r:pull',
    answer: { body: '{"token":"t"}' },
  };
  const error = await failure(
    during([refused, token, refused], (registry) => registry.resolveManifest('r', '1'), options),
  );
  expect(error.code).toBe('DENIED');
});

test('a signal over a thousand requests has fewer listeners than Node takes for a leak', async () => {
  const server = holdingServer();
  const client = registryClient('registry.test', { transport: server.transport, clock: stillClock() });
  const ending = new AbortController();
  const listeners = (): number => getEventListeners(ending.signal, 'abort').length;
  const asked = Array.from({ length: 1000 }, async () =>
    client.resolveManifest('r', '1', { signal: ending.signal }).catch(() => {}),
  );
  await settled();
  expect(server.came).toBe(1);
  expect(listeners()).toBeLessThan(10);
  await server.answerAll(404);
  expect(server.held.length).toBeGreaterThan(10);
  expect(listeners()).toBeLessThan(10);
  while (server.held.length > 0) await server.answerAll(404);
  await Promise.all(asked);
  expect(listeners()).toBe(0);
});

describe('the rate of Docker Hub', () => {
  /** How many requests each origin gets in the first moment, of a thousand. */
  async function atOnce(registry: string | URL, options: ClientOptions = {}): Promise<number> {
    const server = holdingServer();
    const clock = stillClock();
    const client = registryClient(registry, { transport: server.transport, clock, ...options });
    const ending = new AbortController();
    const asked = Array.from({ length: 1000 }, async () =>
      client.resolveManifest('library/alpine', '1', { signal: ending.signal }).catch(() => {}),
    );
    for (let came = -1; came !== server.came;) {
      came = server.came;
      await server.answerAll(404);
      await settled();
    }
    ending.abort();
    await Promise.all(asked);
    return server.came;
  }

  test('300 requests a minute, unless told', async () => {
    expect(await atOnce('docker.io')).toBe(300);
    expect(await atOnce(new URL('https://registry-1.docker.io'))).toBe(300);
    expect(await atOnce('docker.io', { pace: { concurrency: 4 } })).toBe(300);
    expect(await atOnce('docker.io', { pace: { rate: { requests: 50, seconds: 60 } } })).toBe(50);
    expect(await atOnce('docker.io', { pace: { rate: { requests: 60, seconds: 60, burst: 4 } } })).toBe(4);
    expect(await atOnce('docker.io', { pace: { rate: { requests: Infinity, seconds: 60 } } })).toBe(1000);
  });

  test('no other has one, unless told', async () => {
    expect(await atOnce('registry.test')).toBe(1000);
    expect(await atOnce('registry.test', { pace: { rate: { requests: 50, seconds: 60 } } })).toBe(50);
  });

  test('it is the registry’s: neither of the token server, nor of where blobs are', async () => {
    const cdn = 'https://production.cloudflare.docker.test';
    const transport: Transport = async (request) => {
      const there = await scripted(
        [
          {
            request: 'GET /v2/library/alpine/blobs/x',
            answer: { status: 307, headers: { location: `${cdn}/hello` } },
          },
          { request: `GET ${cdn}/hello`, answer: { headers: { 'content-length': '5' }, body: 'hello' } },
        ],
        { anyOrder: true, origin: 'https://registry-1.docker.io' },
      ).transport({ ...request, url: new URL(request.url.href.replace(hello.digest, 'x')) });
      return { ...there, url: request.url };
    };
    const rate = { requests: 1, seconds: 60 };
    const clock = leapingClock();
    const client = registryClient('docker.io', { transport, clock, pace: { rate } });
    for (let times = 0; times < 3; times++)
      await (await client.getBlob('library/alpine', hello.digest)).bytes();
    // One for each request to the registry but the first, none for the others.
    expect(clock.slept).toEqual([60_000, 60_000]);
  });
});
