import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  schedule,
  type HeaderFields,
  type Transport,
  type TransportEvent,
  type TransportRequest,
} from '../../src/transport/index.ts';
import { settled, stillClock, type TestClock } from './clock.ts';
import { holdingServer, type HoldingServer } from './holding.ts';

const get = (url: string, signal?: AbortSignal): TransportRequest => ({
  method: 'GET',
  url: new URL(url, 'https://registry.test'),
  headers: {},
  ...(signal !== undefined && { signal }),
});

interface Stage {
  readonly server: HoldingServer;
  readonly clock: TestClock;
  readonly events: readonly TransportEvent[];
  readonly send: Transport;
  /** One request after which the server has asked for a pause. */
  pause(status: number, headers: HeaderFields): Promise<void>;
}

function stage(options: { maxWait?: number; concurrency?: number } = {}): Stage {
  const { concurrency = 4, ...rest } = options;
  const server = holdingServer();
  const clock = stillClock();
  const events: TransportEvent[] = [];
  const onEvent = (event: TransportEvent): void => void events.push(event);
  const send = schedule(server.transport, { pace: { concurrency }, ...rest, clock, onEvent });
  return {
    server,
    clock,
    events,
    send,
    async pause(status, headers) {
      const asked = send(get('/pause'));
      await server.answer(status, headers);
      await asked;
    },
  };
}

const wait = (duration: number) => ({
  type: 'wait',
  origin: 'https://registry.test',
  reason: 'asked',
  duration,
});

/** The time of day, which dates and epochs are measured by. */
function timeOfDay(text: string): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(text) });
  onTestFinished(() => void vi.useRealTimers());
}

describe('the origin pauses', () => {
  test.each([
    [429, { 'retry-after': '7' }, 7],
    [503, { 'retry-after': '7' }, 7],
    [429, { 'retry-after': 'Thu, 01 May 2025 22:01:07 GMT' }, 7],
    [429, { 'retry-after': '1746136867' }, 7],
    [429, { 'ratelimit-reset': '9' }, 9],
    [429, { 'ratelimit-remaining': '0', 'x-ratelimit-reset': '1746136867' }, 7],
    [429, { 'retry-after': '7', 'ratelimit-reset': '9' }, 7],
  ])('%i with %j: %i s', async (status, headers, seconds) => {
    timeOfDay('2025-05-01T22:01:00Z');
    const it = stage();
    await it.pause(status, headers);
    void it.send(get('/next'));
    await it.clock.pass(seconds * 1000 - 1);
    expect(it.server.came).toBe(1);
    await it.clock.pass(1);
    expect(it.server.paths).toEqual(['/next']);
    expect(it.events.filter(({ type }) => type === 'wait')).toEqual([wait(seconds * 1000)]);
  });

  test.each([
    [429, {}],
    [429, { 'retry-after': '0' }],
    [429, { 'retry-after': 'soon' }],
    // It was another limit that was hit.
    [429, { 'ratelimit-remaining': '5', 'ratelimit-reset': '9' }],
    [503, { 'ratelimit-reset': '9' }],
    [200, { 'retry-after': '7' }],
    [500, { 'retry-after': '7' }],
  ])('not with %i and %j', async (status, headers) => {
    const it = stage();
    await it.pause(status, headers);
    void it.send(get('/next'));
    await settled();
    expect(it.server.paths).toEqual(['/next']);
  });

  test('and no other', async () => {
    const it = stage();
    await it.pause(429, { 'retry-after': '7' });
    for (const url of ['/', 'http://registry.test/', 'https://registry.test:8443/', 'https://cdn.test/'])
      void it.send(get(url));
    await settled();
    expect(it.server.held.map(({ request }) => request.url.origin)).toEqual([
      'http://registry.test',
      'https://registry.test:8443',
      'https://cdn.test',
    ]);
  });

  test('one pause and one event for all whose answers ask for it', async () => {
    const it = stage({ concurrency: 8 });
    for (let at = 0; at < 20; at++) void it.send(get(`/${at}`));
    for (let at = 0; at < 8; at++) {
      await it.clock.pass(50);
      await it.server.answer(429, { 'retry-after': '2' });
    }
    expect(it.events).toEqual([wait(2000)]);
    // The last was asked for 350 ms after the first.
    await it.clock.pass(1999);
    expect(it.server.held).toEqual([]);
    await it.clock.pass(1);
    expect(it.server.held).toHaveLength(4);
  });

  test('a longer one is told again, a shorter one does not shorten it', async () => {
    const it = stage();
    for (const path of ['/a', '/b', '/c']) void it.send(get(path));
    await it.server.answer(429, { 'retry-after': '2' });
    await it.server.answer(429, { 'retry-after': '60' });
    await it.server.answer(429, { 'retry-after': '1' });
    expect(it.events).toEqual([wait(2000), wait(60_000)]);
    void it.send(get('/next'));
    await it.clock.pass(59_999);
    expect(it.server.held).toEqual([]);
    await it.clock.pass(1);
    expect(it.server.paths).toEqual(['/next']);
  });

  test('each pause is told', async () => {
    const it = stage();
    for (let times = 0; times < 3; times++) {
      await it.pause(429, { 'retry-after': '1' });
      await it.clock.pass(1000);
    }
    expect(it.events).toEqual([wait(1000), wait(1000), wait(1000)]);
  });

  test('whoever is aborted meanwhile leaves, and no timer stays behind', async () => {
    const it = stage();
    await it.pause(429, { 'retry-after': '7' });
    const reason = new Error('enough');
    const ending = new AbortController();
    const waiting = it.send(get('/next', ending.signal));
    await settled();
    expect(it.clock.sleeping).toBe(1);
    ending.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(it.clock.sleeping).toBe(0);
  });
});

describe('a pause longer than may be waited', () => {
  const refusal = {
    code: 'TOOMANYREQUESTS',
    status: 429,
    method: 'GET',
    url: 'https://registry.test/next?sig=…',
    retryAfter: 3600,
    message:
      'registry.test asks us to wait 3600 s before the next request, longer than the 300 s that we may; --max-wait allows more',
  };

  test('[row 107] is not begun: the answer is passed on, the next request fails at once, and says how long', async () => {
    const it = stage();
    await it.pause(429, { 'retry-after': '3600' });
    await expect(it.send(get('/next?sig=canary'))).rejects.toMatchObject(refusal);
    expect(it.server.came).toBe(1);
    expect(it.events).toEqual([]);
    expect(it.clock.sleeping).toBe(0);
  });

  test('whoever waits already fails as well: for a slot, or in a pause that was shorter', async () => {
    const it = stage({ concurrency: 2 });
    const sent = [it.send(get('/a')), it.send(get('/b'))];
    const waiting = expect(it.send(get('/next?sig=canary'))).rejects.toMatchObject(refusal);
    await it.server.answer(429, { 'retry-after': '60' });
    await it.server.answer(429, { 'retry-after': '3600' });
    await Promise.all(sent);
    await waiting;
    expect(it.clock.sleeping).toBe(0);
  });

  test('once the rest of it is short enough, it is waited for, and told', async () => {
    const it = stage();
    await it.pause(429, { 'retry-after': '3600' });
    await it.clock.pass(3_299_999);
    await expect(it.send(get('/next'))).rejects.toMatchObject({ retryAfter: 301 });
    await it.clock.pass(1);
    void it.send(get('/next'));
    await settled();
    expect(it.events).toEqual([wait(300_000)]);
    await it.clock.pass(300_000);
    expect(it.server.paths).toEqual(['/next']);
  });

  test('with a larger maxWait an hour is waited for; with none, nothing is', async () => {
    const patient = stage({ maxWait: 3_600_000 });
    await patient.pause(429, { 'retry-after': '3600' });
    void patient.send(get('/next'));
    await patient.clock.pass(3_600_000);
    expect(patient.server.paths).toEqual(['/next']);

    const hasty = stage({ maxWait: 0 });
    await hasty.pause(429, { 'retry-after': '1' });
    await expect(hasty.send(get('/next'))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 1 });
    await hasty.clock.pass(1000);
    void hasty.send(get('/next'));
    await settled();
    expect(hasty.server.paths).toEqual(['/next']);
  });

  test('a server that is away for long is unavailable, and was not asked too often', async () => {
    const it = stage();
    await it.pause(503, { 'retry-after': '3600' });
    await expect(it.send(get('/next'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      status: 503,
      retryAfter: 3600,
    });
  });
});

test('pauses that follow each other, with no answer between them, are one that is too long', async () => {
  const { server, clock, send } = stage({ maxWait: 300_000, concurrency: 1 });
  const asked = Array.from({ length: 5 }, () => send(get('/a')).catch((error: unknown) => error));
  await server.answer(429, { 'retry-after': '200' });
  await clock.pass(200_000);
  await server.answer(429, { 'retry-after': '200' });
  await settled();
  expect(server.came).toBe(2);
  const [, , ...waiting] = await Promise.all(asked);
  for (const error of waiting) expect(error).toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 200 });
});
