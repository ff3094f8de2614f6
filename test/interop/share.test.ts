import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect } from 'vitest';
import type { Rate } from '../../src/transport/index.ts';
import { compileProgram } from '../child-program.ts';
import { redisServer, startRedis } from './redis-server.ts';
import type { Done, Task } from './share-child.ts';
import { play, type Stage } from './stage.ts';

/** Another process that takes part in the run. */
interface Part {
  /** Has it do something. One thing at a time. */
  do(task: Task): Promise<Done>;
  /** When it looks for the first key. */
  readonly isFinding: Promise<void>;
  /** Leaves the run, and ends. @returns its exit code */
  leave(): Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts processes that take part in one run. */
async function parts(stage: Stage, redis: string, count: number): Promise<readonly Part[]> {
  const peers = ['ioredis', 'rate-limiter-flexible', 'undici'];
  const outfile = await compileProgram(new URL('share-child.ts', import.meta.url), stage.folder, peers);
  return Promise.all(Array.from({ length: count }, () => begin(stage, outfile, redis)));
}

async function begin(stage: Stage, file: string, redis: string): Promise<Part> {
  const child = spawn(process.execPath, [file, redis, 'test'], { stdio: ['pipe', 'pipe', 'inherit'] });
  stage.onClose(async () => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let [joined, finding, answered] = [() => {}, () => {}, (_: Done) => {}];
  const hasJoined = new Promise<void>((resolve) => (joined = resolve));
  const isFinding = new Promise<void>((resolve) => (finding = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Done | { joined: number } | { finding: string };
    if ('joined' in said) joined();
    else if ('finding' in said) finding();
    else answered(said);
  });
  await hasJoined;
  return {
    isFinding,
    kill: (signal) => void child.kill(signal),
    do: (task) =>
      new Promise((resolve) => {
        answered = resolve;
        child.stdin.write(`${JSON.stringify(task)}\n`);
      }),
    leave() {
      child.stdin.write('leave\n');
      return ended;
    },
  };
}

interface LimitedServer {
  readonly url: string;
  /** When requests came, in milliseconds, and how many of them were too many. */
  readonly arrivals: readonly number[];
  readonly refused: number;
}

/** A registry before which a bucket of tokens stands. */
async function limitedServer(
  stage: Stage,
  { requests, seconds, burst = requests }: Rate,
): Promise<LimitedServer> {
  const arrivals: number[] = [];
  let [tokens, last, refused] = [burst, performance.now(), 0];
  const server = createServer((_, response) => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - last) / 1000) * (requests / seconds));
    last = now;
    arrivals.push(now);
    if (tokens >= 1) tokens--;
    else refused++;
    response.writeHead(tokens < 0 ? 429 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onClose(async () => server.closeAllConnections());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    get refused() {
      return refused;
    },
  };
}

describe('what four processes share over one Redis', () => {
  play('a rate: never more than it allows, and nearly all of it', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const rate: Rate = { requests: 18_000, seconds: 60, burst: 300 };
    const server = await limitedServer(stage, rate);
    const all = await parts(stage, redis.url, 4);
    const count = 750;
    const done = await Promise.all(all.map((part) => part.do({ task: 'ask', url: server.url, rate, count })));
    expect(server.refused).toBe(0);
    expect(done.flatMap((one) => one.done)).toEqual(Array(4 * count).fill(200));
    const duration = ((server.arrivals.at(-1) ?? 0) - (server.arrivals[0] ?? 0)) / 1000;
    expect((4 * count) / (300 + duration * 300)).toBeGreaterThan(0.95);
    // Not one command for each request.
    const info = await redis.client.info('commandstats');
    const commands = Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1]);
    expect(commands).toBeLessThan(4 * count * 0.6);
  });

  play('what is found: each thing by one of them, for all', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const all = await parts(stage, redis.url, 4);
    const done = await Promise.all(all.map((part) => part.do({ task: 'find', keys: 500, duration: 300 })));
    const found = done.flatMap((one) => one.done);
    expect(found).toHaveLength(500);
    expect(new Set(found)).toEqual(new Set(Array.from({ length: 500 }, (_, at) => `key ${at}`)));
    for (const one of done) expect(one.values).toEqual(done[0]?.values);
    // Nothing is kept for ever.
    const keys = await redis.client.keys('*');
    const lifetimes = await Promise.all(keys.map((key) => redis.client.pttl(key)));
    expect(Math.min(...lifetimes)).toBeGreaterThan(0);
    expect(await Promise.all(all.map((part) => part.leave()))).toEqual([0, 0, 0, 0]);
  });

  play('a queue: each unit of work is for one of them', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const all = await parts(stage, redis.url, 4);
    const done = await Promise.all(all.map((part) => part.do({ task: 'take', times: 100 })));
    const units = done.flatMap((one) => one.done as readonly number[]);
    expect(units.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1200 }, (_, at) => at));
  });
});

describe('when something ends in the middle', () => {
  play(
    'what a process was about to find when it was killed, another one finds',
    ['redis-server'],
    async (stage) => {
      const redis = await redisServer(stage);
      const [one, two] = await parts(stage, redis.url, 2);
      if (one === undefined || two === undefined) throw new Error('they did not start');
      void one.do({ task: 'find', keys: 3, duration: 3_600_000 });
      await one.isFinding;
      const waiting = two.do({ task: 'find', keys: 3, duration: 1 });
      one.kill('SIGKILL');
      expect((await waiting).done).toEqual(['key 0', 'key 1', 'key 2']);
    },
  );

  play('what one could not find, the next one tries', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const [one, two] = await parts(stage, redis.url, 2);
    if (one === undefined || two === undefined) throw new Error('they did not start');
    const failing = one.do({ task: 'find', keys: 1, duration: 300, fail: true });
    await one.isFinding;
    const waiting = two.do({ task: 'find', keys: 1, duration: 1 });
    expect(await failing).toMatchObject({ error: 'Error: key 0 was not found' });
    expect((await waiting).done).toEqual(['key 0']);
  });

  play('a Redis that comes back is waited for', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const rate: Rate = { requests: 100, seconds: 1, burst: 100 };
    const server = await limitedServer(stage, { ...rate, burst: 1000 });
    const [one, two] = await parts(stage, redis.url, 2);
    if (one === undefined || two === undefined) throw new Error('they did not start');
    const ask = { task: 'ask', url: server.url, rate, count: 250 } as const;
    const asking = [one.do(ask), two.do(ask)];
    await expect.poll(() => server.arrivals.length).toBeGreaterThan(100);
    redis.process.kill('SIGKILL');
    await redis.process.ended;
    await startRedis(stage, Number(new URL(redis.url).port));
    for (const one_ of asking) expect((await one_).done).toHaveLength(250);
  });

  play('without Redis all fail, and say so', ['redis-server'], async (stage) => {
    const redis = await redisServer(stage);
    const rate: Rate = { requests: 100, seconds: 1, burst: 1 };
    const server = await limitedServer(stage, { ...rate, burst: 1000 });
    const [one, two] = await parts(stage, redis.url, 2);
    if (one === undefined || two === undefined) throw new Error('they did not start');
    const asking = one.do({ task: 'ask', url: server.url, rate, count: 1000 });
    const finding = two.do({ task: 'find', keys: 2, duration: 200 });
    await two.isFinding;
    redis.process.kill('SIGKILL');
    const error = `UNAVAILABLE: Redis at ${new URL(redis.url).host}: it did not answer in 10 s`;
    expect(await asking).toMatchObject({ error });
    expect(await finding).toMatchObject({ error });
  });
});
