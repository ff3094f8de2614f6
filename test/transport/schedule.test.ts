import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openable } from '../../src/registry/index.ts';
import {
  schedule,
  type Pace,
  type ScheduleOptions,
  type Transport,
  type TransportEvent,
  type TransportRequest,
} from '../../src/transport/index.ts';
import { settled, stillClock, type TestClock } from './clock.ts';
import { holdingServer, type HoldingServer } from './holding.ts';

const get = (path: string, more: Partial<TransportRequest> = {}): TransportRequest => ({
  method: 'GET',
  url: new URL(path, 'https://registry.test'),
  headers: {},
  ...more,
});

interface Asked {
  /** What becomes of each: its status, or what it fails with. Never rejected. */
  readonly ends: readonly Promise<unknown>[];
}

interface Stage extends HoldingServer {
  readonly send: Transport;
  readonly clock: TestClock;
  readonly events: readonly TransportEvent[];
  /** Asks for `/0`, `/1` and so on. */
  ask(count: number, more?: Partial<TransportRequest>): Asked;
}

function stage(options: Omit<ScheduleOptions, 'clock' | 'onEvent'> = {}): Stage {
  const server = holdingServer();
  const clock = stillClock();
  const events: TransportEvent[] = [];
  const send = schedule(server.transport, { ...options, clock, onEvent: (event) => events.push(event) });
  let asked = 0;
  // Not spread: some of its fields change.
  return Object.assign(Object.create(server) as HoldingServer, {
    send,
    clock,
    events,
    ask: (count: number, more?: Partial<TransportRequest>) => ({
      ends: Array.from({ length: count }, () =>
        send(get(`/${asked++}`, more)).then(
          ({ status }) => status,
          (error: unknown) => error,
        ),
      ),
    }),
  });
}

interface Answering extends Pick<Stage, 'send' | 'clock' | 'events' | 'ask'> {
  /** The paths of all requests that have come. */
  readonly came: readonly string[];
}

/** A stage whose server answers at once. */
function answering(options: Omit<ScheduleOptions, 'clock' | 'onEvent'>): Answering {
  const clock = stillClock();
  const events: TransportEvent[] = [];
  const came: string[] = [];
  const server: Transport = async ({ url }) => {
    came.push(url.pathname);
    return { status: 200, headers: {}, url, body: (async function* () {})(), discard: async () => {} };
  };
  const send = schedule(server, { ...options, clock, onEvent: (event) => events.push(event) });
  let asked = 0;
  return {
    send,
    clock,
    events,
    came,
    ask: (count, more) => ({
      ends: Array.from({ length: count }, () =>
        send(get(`/${asked++}`, more)).then(
          ({ status }) => status,
          (error: unknown) => error,
        ),
      ),
    }),
  };
}

/** The requests that are under way, once as many as may are. */
async function underWay({ held }: Stage): Promise<number> {
  await settled();
  return held.length;
}

describe('the window', () => {
  test('32 requests are under way, unless told', async () => {
    const it = stage();
    it.ask(100);
    expect(await underWay(it)).toBe(32);
    await it.answer();
    expect(await underWay(it)).toBe(32);
    expect(it.came).toBe(33);
  });

  test('a slot is free again when the headers are there: nobody has to read the body first', async () => {
    const it = stage({ pace: { concurrency: 1 } });
    it.ask(2);
    await it.answer();
    expect(it.paths).toEqual(['/1']);
  });

  test('each origin has its own', async () => {
    const it = stage({ pace: (origin) => ({ concurrency: origin === 'https://cdn.test' ? 1 : 2 }) });
    it.ask(5);
    for (const url of ['https://cdn.test/a', 'https://cdn.test/b', 'http://registry.test/c'])
      void it.send(get(url));
    await settled();
    expect(it.held.map(({ request }) => request.url.href)).toEqual([
      'https://registry.test/0',
      'https://registry.test/1',
      'https://cdn.test/a',
      'http://registry.test/c',
    ]);
  });

  test('a 429 halves it, once for all that were under way', async () => {
    const it = stage({ pace: { concurrency: 8 } });
    it.ask(40);
    expect(await underWay(it)).toBe(8);
    // Those that are under way stay so; none takes the place of the first four.
    await it.answer(429);
    expect(await underWay(it)).toBe(7);
    for (let answered = 0; answered < 3; answered++) await it.answer(429);
    expect(await underWay(it)).toBe(4);
    for (let answered = 0; answered < 4; answered++) await it.answer(429);
    expect(await underWay(it)).toBe(4);
    // These were sent after it had halved.
    await it.answerAll(429);
    expect(await underWay(it)).toBe(2);
    await it.answerAll(429);
    await it.answerAll(429);
    expect(await underWay(it)).toBe(1);
  });

  test('it grows by one when as many as it is wide were served, up to its first width', async () => {
    const it = stage({ pace: { concurrency: 4 } });
    it.ask(200);
    for (let round = 0; round < 3; round++) {
      await it.answerAll(429);
      await settled();
    }
    const widths: number[] = [];
    for (let served = 0; served < 10; served++) {
      widths.push(await underWay(it));
      await it.answer(404);
    }
    // 1 for one answer, 2 for two, 3 for three, then 4.
    expect(widths).toEqual([1, 2, 2, 3, 3, 3, 4, 4, 4, 4]);
  });

  test('neither failures nor answers to what was sent before it halved make it grow', async () => {
    const it = stage({ pace: { concurrency: 4 } });
    it.ask(200);
    for (let before = 0; before < 3; before++) await it.answer(200);
    await it.answer(429);
    for (let before = 0; before < 3; before++) await it.answer(200);
    expect(await underWay(it)).toBe(2);
    await it.answer(200);
    expect(await underWay(it)).toBe(2);
    for (let failed = 0; failed < 6; failed++) await it.answer(failed % 2 === 0 ? 503 : 408);
    for (let broken = 0; broken < 6; broken++) await it.held[0]?.fail(new Error('broken'));
    expect(await underWay(it)).toBe(2);
  });

  test('a body that is copied within a server opens a request there, though the window is one wide', async () => {
    const it = stage({ pace: { concurrency: 1 } });
    const source = openable(async function* () {
      for await (const piece of (await it.send(get('/from'))).body) yield piece;
    });
    const put = it.send(get('/to', { method: 'PUT', body: source }));
    // Those who only ask stand in another line.
    it.ask(1);
    await settled();
    expect(it.paths).toEqual(['/to', '/0']);
    // The server takes the body in, and answers when it has all of it.
    const uploaded = (async () => {
      for await (const _ of it.held[0]?.request.body?.open() ?? []);
      await it.answer(201);
    })();
    await it.held[1]?.answer();
    expect(it.paths).toEqual(['/to', '/from']);
    await it.held[1]?.answer();
    await uploaded;
    expect((await put).status).toBe(201);
  });

  test('bodies at hand open nothing: they stand with those who ask', async () => {
    const it = stage({ pace: { concurrency: 1 } });
    it.ask(2, { method: 'PUT', body: openable(Buffer.from('hello')) });
    it.ask(1);
    expect(await underWay(it)).toBe(1);
  });

  test('who comes first goes first, whichever the lane', async () => {
    const it = stage({ pace: { rate: { requests: 1, seconds: 1 } } });
    const body = openable(() => Buffer.from('hello'));
    for (let at = 0; at < 6; at++) it.ask(1, at % 2 === 0 ? {} : { body });
    await it.clock.pass(5000);
    expect(it.paths).toEqual(['/0', '/1', '/2', '/3', '/4', '/5']);
  });

  test('no slot is lost, whatever becomes of the requests', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('serve', 'limit', 'fail', 'break', 'abort', 'abort waiting'), {
          minLength: 1000,
          maxLength: 1000,
        }),
        async (outcomes) => {
          const it = stage({ pace: { concurrency: 4, rate: { requests: Infinity, seconds: 1 } } });
          const body = openable(() => Buffer.from('hello'));
          const ends = outcomes.map(() => new AbortController());
          const sent = ends.flatMap(
            ({ signal }, at) => it.ask(1, at % 3 === 0 ? { signal, body } : { signal }).ends,
          );
          const reason = new Error('enough');
          for (const [at, outcome] of outcomes.entries()) {
            await settled();
            // Who is first in its lane is under way, unless it was aborted when it was not.
            const one = it.held.find(({ request }) => request.url.pathname === `/${at}`);
            expect(one === undefined).toBe(ends[at]?.signal.aborted);
            if (outcome === 'abort waiting') ends[at + 15]?.abort(reason);
            if (outcome === 'abort') ends[at]?.abort(reason);
            else if (outcome === 'break') await one?.fail(new Error('broken'));
            else await one?.answer({ serve: 200, limit: 429, fail: 500, 'abort waiting': 200 }[outcome]);
          }
          await Promise.all(sent);
          expect(it.held).toEqual([]);
          // With ten served, the window is as wide as ever, in both lanes.
          for (let served = 0; served < 10; served++) {
            it.ask(1);
            await settled();
            await it.answer();
          }
          it.ask(10);
          it.ask(10, { body });
          expect(await underWay(it)).toBe(8);
        },
      ),
      { numRuns: 5 },
    );
  });
});

describe('the rate', () => {
  const pace: Pace = { rate: { requests: 3, seconds: 3 } };

  test('so many at once, then one each time one is renewed, in their order', async () => {
    const it = answering({ pace });
    it.ask(6);
    await settled();
    expect(it.came).toEqual(['/0', '/1', '/2']);
    await it.clock.pass(999);
    expect(it.came).toHaveLength(3);
    await it.clock.pass(1);
    expect(it.came).toEqual(['/0', '/1', '/2', '/3']);
    await it.clock.pass(2000);
    expect(it.came).toEqual(['/0', '/1', '/2', '/3', '/4', '/5']);
    // What is not used is saved up, and no more than the bucket holds.
    await it.clock.pass(60_000);
    it.ask(5);
    await settled();
    expect(it.came).toHaveLength(9);
  });

  test('never more in a time than twice the rate, and all of it used', async () => {
    const it = answering({ pace: { concurrency: 100, rate: { requests: 30, seconds: 6 } } });
    it.ask(90);
    await it.clock.pass(6000);
    expect(it.came).toHaveLength(60);
    await it.clock.pass(5999);
    expect(it.came).toHaveLength(89);
    await it.clock.pass(1);
    expect(it.came).toHaveLength(90);
    expect(it.clock.sleeping).toBe(0);
  });

  test('a burst that is told: so many at once, and the rate is that of the rest', async () => {
    const it = answering({ pace: { concurrency: 100, rate: { requests: 60, seconds: 60, burst: 5 } } });
    it.ask(20);
    await settled();
    expect(it.came).toHaveLength(5);
    await it.clock.pass(10_000);
    expect(it.came).toHaveLength(15);
  });

  test('requests count when they are answered, as they may have come late', async () => {
    const it = stage({ pace: { concurrency: 100, rate: { requests: 10, seconds: 10, burst: 11 } } });
    it.ask(20);
    expect(await underWay(it)).toBe(11);
    await it.clock.pass(2000);
    expect(it.came).toBe(11);
    // The last of them may have been there just now: a second from now, there is a token again.
    await it.answerAll();
    await it.clock.pass(999);
    expect(it.came).toBe(11);
    await it.clock.pass(1);
    expect(it.came).toBe(12);
  });

  test('slow answers hold the rate up for no longer than half of the burst lasts', async () => {
    const it = stage({ pace: { concurrency: 100, rate: { requests: 10, seconds: 10, burst: 11 } } });
    it.ask(30);
    await it.clock.pass(5999);
    expect(it.came).toBe(11);
    await it.clock.pass(1);
    expect(it.came).toBe(12);
    await it.clock.pass(10_000);
    expect(it.came).toBe(22);
  });

  test('who is aborted leaves the line, and takes neither token nor slot along', async () => {
    const it = answering({ pace: { ...pace, concurrency: 4 } });
    it.ask(3);
    const reason = new Error('enough');
    const ending = new AbortController();
    const left = it.ask(4, { signal: ending.signal });
    const stayed = it.ask(1);
    await it.clock.pass(500);
    ending.abort(reason);
    expect(await Promise.all(left.ends)).toEqual([reason, reason, reason, reason]);
    await it.clock.pass(500);
    expect(it.came).toEqual(['/0', '/1', '/2', '/7']);
    expect(await Promise.all(stayed.ends)).toEqual([200]);
  });

  test('when all have left, no timer keeps the process alive', async () => {
    const it = stage({ pace });
    it.ask(3);
    const ending = new AbortController();
    const left = it.ask(2, { signal: ending.signal });
    await settled();
    expect(it.clock.sleeping).toBe(1);
    ending.abort();
    await Promise.all(left.ends);
    expect(it.clock.sleeping).toBe(0);
  });

  test('a signal that was aborted before sends nothing', async () => {
    const it = stage();
    const reason = new Error('enough');
    expect(await Promise.all(it.ask(1, { signal: AbortSignal.abort(reason) }).ends)).toEqual([reason]);
    expect(it.came).toBe(0);
  });

  test('one event when the waiting begins, then one for all who wait, and another when that time is over', async () => {
    const it = answering({ pace: { concurrency: 3000, rate: { requests: 300, seconds: 60 } } });
    it.ask(2000);
    await it.clock.pass(60_000);
    it.ask(10);
    await it.clock.pass(279_999);
    const wait = { type: 'wait', origin: 'https://registry.test', reason: 'rate' };
    expect(it.events).toEqual([
      { ...wait, duration: 200 },
      { ...wait, duration: 339_000 },
    ]);
    await it.clock.pass(2001);
    expect(it.events.slice(2)).toEqual([{ ...wait, duration: 2000 }]);
    expect(it.came).toHaveLength(2010);
  });

  test('not more than one event a second', async () => {
    const it = answering({ pace: { rate: { requests: 10, seconds: 1 } } });
    it.ask(10);
    for (let one = 0; one < 50; one++) {
      it.ask(1);
      await it.clock.pass(100);
    }
    expect(it.events).toHaveLength(5);
  });

  test('waits for our own rate are as long as they have to be', async () => {
    const it = answering({ pace: { rate: { requests: 1, seconds: 3600 } }, maxWait: 1000 });
    it.ask(2);
    await it.clock.pass(3_600_000);
    expect(it.came).toHaveLength(2);
  });

  test('without a number of requests there is no limit', async () => {
    const it = stage({ pace: { concurrency: 500, rate: { requests: Infinity, seconds: 1 } } });
    it.ask(500);
    expect(await underWay(it)).toBe(500);
  });

  test.each<Pace>([
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: Infinity },
    { rate: { requests: 0, seconds: 1 } },
    { rate: { requests: 1, seconds: 0 } },
    { rate: { requests: NaN, seconds: 1 } },
    { rate: { requests: 1, seconds: Infinity } },
    { rate: { requests: 1, seconds: 1, burst: 0 } },
  ])('with %j no request would ever go: a mistake', async (wrong) => {
    await expect(schedule(holdingServer().transport, { pace: wrong })(get('/'))).rejects.toThrow(RangeError);
  });
});

describe('limits that a server tells', () => {
  test('are told when they change, and delay nothing', async () => {
    const it = stage();
    const left = (remaining: number) => ({
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': `${remaining};w=21600`,
    });
    it.ask(5);
    await settled();
    for (const headers of [left(1), left(1), {}, left(0), left(0)]) await it.answer(200, headers);
    const quota = { type: 'quota', origin: 'https://registry.test', limit: 100, window: 21_600 };
    expect(it.events).toEqual([
      { ...quota, remaining: 1 },
      { ...quota, remaining: 0 },
    ]);
    it.ask(1);
    expect(await underWay(it)).toBe(1);
  });
});
