/** How fast servers with limits are asked, that are told, or found out, or shared. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  retry,
  schedule,
  type Clock,
  type Limiter,
  type Pace,
  type Rate,
  type TransportEvent,
} from '../../src/transport/index.ts';
import { settled } from './clock.ts';
import { bucketLimit, limitedServer, type Limit, type LimitedServer } from './limited-server.ts';

/** Numbers from 0 to 1 that look like chance, and are the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271 + 11) % 2_147_483_647) / 2_147_483_647;
}

/** A clock that goes on as soon as nothing happens any more, to the next who sleeps. */
function eagerClock(random: () => number): Clock & { run(until: Promise<unknown>): Promise<void> } {
  let now = 0;
  const sleepers: { readonly at: number; wake(): void }[] = [];
  return {
    now: () => now,
    random,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + milliseconds, wake: resolve };
        // The last of those with an earlier or the same time stands before it.
        const before = sleepers.findLastIndex(({ at }) => at <= sleeper.at);
        sleepers.splice(before + 1, 0, sleeper);
        signal?.addEventListener('abort', () => {
          const place = sleepers.indexOf(sleeper);
          if (place >= 0) sleepers.splice(place, 1);
          reject(signal.reason as Error);
        });
      }),
    async run(until) {
      const state = { isOver: false };
      void until.then(() => (state.isOver = true));
      for (await settled(); !state.isOver; await settled()) {
        const next = sleepers.shift();
        if (next === undefined) throw new Error('nobody sleeps, and it is not over');
        now = next.at;
        next.wake();
      }
    },
  };
}

interface Run {
  readonly server: LimitedServer;
  /** How long it took, in seconds. */
  readonly duration: number;
  readonly statuses: readonly number[];
}

interface Asking {
  readonly count: number;
  readonly limit: Limit;
  readonly pace: Pace;
  /** The longest way there, and back, in milliseconds. */
  readonly way?: readonly [number, number];
  readonly seed?: number;
  readonly tells?: boolean;
}

/** Asks so often, all at once. */
async function ask({ count, limit, pace, way = [25, 25], seed = 1, tells = true }: Asking): Promise<Run> {
  const random = chance(seed);
  const clock = eagerClock(random);
  const server = limitedServer(limit, clock, () => [way[0] * random(), way[1]], { tells });
  const send = retry(schedule(server.transport, { pace, clock }), { clock });
  const url = new URL('https://registry.test/');
  const all = Promise.all(Array.from({ length: count }, () => send({ method: 'GET', url, headers: {} })));
  await clock.run(all);
  return { server, duration: clock.now() / 1000, statuses: (await all).map(({ status }) => status) };
}

const rate: Rate = { requests: 6000, seconds: 60, burst: 300 };
const allServed = (count: number): readonly number[] => Array<number>(count).fill(200);

describe('a rate that is told', () => {
  test.each<[string, readonly [number, number]]>([
    ['evenly', [0, 0]],
    ['as over the sea', [100, 100]],
    ['in bunches', [1000, 0]],
    ['all together', [1400, 50]],
  ])('a bucket at the other end is never found empty, when requests come %s', async (_, way) => {
    const { server, duration, statuses } = await ask({
      count: 1800,
      limit: bucketLimit(rate),
      pace: { concurrency: 256, rate },
      way,
    });
    expect(server.refusals).toEqual([]);
    expect(statuses).toEqual(allServed(1800));
    // 300 at once, and 1,500 at 100 a second.
    expect(duration).toBeLessThan(15 * 1.1);
  });

  test('whatever the rate, and whenever they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          requests: fc.integer({ min: 1, max: 500 }),
          burst: fc.integer({ min: 3, max: 100 }),
          lateness: fc.double({ min: 0, max: 0.49, noNaN: true }),
          seed: fc.integer({ min: 1, max: 1_000_000 }),
        }),
        async ({ requests, burst, lateness, seed }) => {
          const some: Rate = { requests, seconds: 10, burst };
          const longest = lateness * (burst - 1) * (10_000 / requests);
          const { server } = await ask({
            count: 200,
            limit: bucketLimit(some),
            pace: { concurrency: 100, rate: some },
            way: [longest, 0],
            seed,
          });
          expect(server.refusals).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('a rate that is not told', () => {
  /** How many were refused, where what is refused within half a second of one another counts together. */
  const waves = (refusals: readonly number[]): readonly number[] => {
    const counts: number[] = [];
    for (const [at, time] of refusals.entries()) {
      const isNew = at === 0 || time - (refusals[at - 1] ?? 0) > 500;
      if (isNew) counts.push(1);
      else counts.push((counts.pop() ?? 0) + 1);
    }
    return counts;
  };

  test.each<[string, readonly [number, number], number]>([
    ['near', [1, 0], 256],
    ['far', [25, 25], 256],
    ['with a narrow window', [25, 25], 32],
  ])('%s: it is found out when it is met the second time, and kept to', async (_, way, concurrency) => {
    const { server, duration, statuses } = await ask({
      count: 1800,
      limit: bucketLimit(rate),
      pace: { concurrency },
      way,
    });
    const [first = 0, second = 0, ...others] = waves(server.refusals);
    // Those that are under way when the bucket is empty for the first time; then, a few.
    expect(first).toBeLessThanOrEqual(concurrency);
    expect(second).toBeLessThan(25);
    expect(others).toEqual([]);
    expect(statuses).toEqual(allServed(1800));
    expect(duration).toBeLessThan(15 * 1.1);
  });

  test('it is tried to be raised every now and then, at the cost of a few', async () => {
    const { server, duration } = await ask({
      count: 9000,
      limit: bucketLimit(rate),
      pace: { concurrency: 256 },
    });
    const [, , ...trials] = waves(server.refusals);
    expect(trials.length).toBeGreaterThan(0);
    expect(trials.length).toBeLessThan(4);
    expect(Math.max(...trials)).toBeLessThan(30);
    expect(duration).toBeLessThan(87 * 1.1);
  });

  test('a limit of requests under way is no rate', async () => {
    const limit: Limit = (_, underWay) => (underWay > 64 ? 0 : undefined);
    const asking: Asking = { count: 10_000, limit, pace: { concurrency: 256 } };
    const guessing = await ask(asking);
    const not = await ask({
      ...asking,
      pace: { concurrency: 256, rate: { requests: Infinity, seconds: 1 } },
    });
    expect(guessing.duration).toBeLessThan(not.duration * 1.1);
    expect(guessing.server.refusals.length).toBeLessThan(not.server.refusals.length);
  });

  test('refusals at random are none either', async () => {
    const random = chance(7);
    const limit: Limit = () => (random() < 0.01 ? 0 : undefined);
    const asking: Asking = { count: 3000, limit, pace: { concurrency: 64 }, tells: false };
    const guessing = await ask(asking);
    const not = await ask({ ...asking, pace: { concurrency: 64, rate: { requests: Infinity, seconds: 1 } } });
    expect(guessing.statuses).toEqual(allServed(3000));
    expect(guessing.duration).toBeLessThan(not.duration * 1.5);
  });

  test('what is served while nobody waits is no measure', async () => {
    const clock = eagerClock(chance(1));
    const server = limitedServer(bucketLimit(rate), clock, () => [25, 25]);
    const send = retry(schedule(server.transport, { pace: { concurrency: 256 }, clock }), { clock });
    const ask_ = (): Promise<unknown> =>
      send({ method: 'GET', url: new URL('https://registry.test/'), headers: {} });
    const many = (count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, ask_));
    let duration = 0;
    const all = async (): Promise<void> => {
      await many(400);
      for (let quiet = 0; quiet < 100; quiet++) {
        await clock.sleep(500);
        await ask_();
      }
      duration = clock.now();
      await many(1300);
      duration = clock.now() - duration;
    };
    await clock.run(all());
    expect(server.refusals.length).toBeGreaterThan(0);
    // 300 at once, and 1,000 at 100 a second, with the time to find that out.
    expect(duration).toBeLessThan(10_000 * 1.2);
  });

  test('a server that refuses before it has served anything teaches nothing', async () => {
    let asked = 0;
    const limit: Limit = () => (++asked <= 4 ? 0 : undefined);
    const { duration } = await ask({ count: 400, limit, pace: { concurrency: 4 }, tells: false });
    // The window is one wide, and grows: after less than a second it is as wide as it was.
    expect(duration).toBeLessThan(8);
  });
});

describe('a rate that is shared', () => {
  interface Shared {
    readonly limiter: Limiter;
    /** What was asked for at a time. */
    readonly asked: readonly number[];
    give(tokens: number): Promise<void>;
    fail(error: Error): Promise<void>;
    readonly aborted: number;
  }

  /** A limiter that gives what it is told to. */
  function toldLimiter(): Shared {
    const asked: number[] = [];
    let aborted = 0;
    let pending: { give(tokens: number): void; fail(error: Error): void } | undefined;
    return {
      asked,
      get aborted() {
        return aborted;
      },
      limiter: {
        take: (most, signal) =>
          new Promise((give, fail) => {
            asked.push(most);
            pending = { give, fail };
            signal.addEventListener('abort', () => {
              aborted++;
              fail(signal.reason as Error);
            });
          }),
      },
      async give(tokens) {
        pending?.give(tokens);
        await settled();
      },
      async fail(error) {
        pending?.fail(error);
        await settled();
      },
    };
  }

  interface SharedStage extends Shared {
    readonly came: number;
    readonly events: readonly TransportEvent[];
    pass(milliseconds: number): void;
    send(count: number, signal?: AbortSignal): readonly Promise<unknown>[];
    answer(): Promise<void>;
  }

  function stage(concurrency: number): SharedStage {
    const told = toldLimiter();
    const events: TransportEvent[] = [];
    let [now, came] = [0, 0];
    const answers: (() => void)[] = [];
    const clock: Clock = { now: () => now, sleep: () => new Promise(() => {}), random: () => 0.5 };
    const send = schedule(
      ({ url }) =>
        new Promise((resolve) => {
          came++;
          const body = (async function* () {})();
          answers.push(() => resolve({ status: 200, headers: {}, url, body, discard: async () => {} }));
        }),
      { pace: { concurrency, rate, limiter: told.limiter }, clock, onEvent: (event) => events.push(event) },
    );
    const { limiter, asked, give, fail } = told;
    return {
      limiter,
      asked,
      give,
      fail,
      get aborted() {
        return told.aborted;
      },
      events,
      get came() {
        return came;
      },
      pass: (milliseconds: number) => void (now += milliseconds),
      send: (count: number, signal?: AbortSignal) =>
        Array.from({ length: count }, () =>
          send({
            method: 'GET',
            url: new URL('https://registry.test/'),
            headers: {},
            ...(signal !== undefined && { signal }),
          }).then(
            ({ status }) => status,
            (error: unknown) => error,
          ),
        ),
      async answer() {
        answers.shift()?.();
        await settled();
      },
    };
  }

  test('tokens are asked for as many as can go, and used as they come', async () => {
    const it = stage(8);
    void it.send(20);
    await settled();
    // The first asks for itself; while it waits the others come.
    expect(it.asked).toEqual([1]);
    await it.give(1);
    expect(it.asked).toEqual([1, 7]);
    await it.give(5);
    expect(it.came).toBe(6);
    expect(it.asked).toEqual([1, 7, 2]);
    await it.give(2);
    // The window is full: nobody needs a token.
    expect(it.came).toBe(8);
    expect(it.asked).toHaveLength(3);
    await it.answer();
    expect(it.asked).toEqual([1, 7, 2, 1]);
  });

  test('tokens that nobody used at once are lost', async () => {
    const it = stage(8);
    const ending = new AbortController();
    const sent = it.send(1, ending.signal);
    void it.send(1);
    await settled();
    ending.abort();
    await Promise.all(sent);
    await it.give(5);
    expect(it.came).toBe(1);
    it.pass(50);
    void it.send(1);
    await settled();
    expect([it.came, it.asked.length]).toEqual([2, 1]);
    it.pass(51);
    void it.send(1);
    await settled();
    expect([it.came, it.asked.length]).toEqual([2, 2]);
  });

  test('who waits in vain is told why, and so is who comes later', async () => {
    const it = stage(8);
    const sent = it.send(3);
    await settled();
    const gone = new Error('gone');
    await it.fail(gone);
    expect(await Promise.all(sent)).toEqual([gone, gone, gone]);
    const later = it.send(1);
    await settled();
    await it.give(1);
    await it.answer();
    expect(await Promise.all(later)).toEqual([200]);
  });

  test('when all have left, nothing is asked for any more', async () => {
    const it = stage(8);
    const ending = new AbortController();
    const sent = it.send(3, ending.signal);
    await settled();
    ending.abort(new Error('enough'));
    await Promise.all(sent);
    expect(it.aborted).toBe(1);
    expect(it.came).toBe(0);
  });

  test('the wait is told when it takes longer than to ask', async () => {
    const it = stage(8);
    void it.send(300);
    await settled();
    await it.give(1);
    expect(it.events).toEqual([]);
    it.pass(60);
    void it.send(1);
    await settled();
    expect(it.events).toEqual([
      { type: 'wait', origin: 'https://registry.test', reason: 'rate', duration: 3000 },
    ]);
  });
});
