import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { printTable } from './copiers.ts';
import {
  coldIndexes,
  inModelOfMarch2024,
  doiData,
  doiRegistry,
  expectedBuilds,
  lacksDoi,
  withNamesInFull,
  writeDoi,
  type Asked,
  type DoiRegistry,
  type Indexes,
  type Sources,
} from './doi.ts';
import { cli } from './peers.ts';
import type { Running } from './processes.ts';
import { redisServer } from './redis-server.ts';
import { play, type Stage } from './stage.ts';

const MiB = 1024 * 1024;

/** What came of a run of `stowage builds`. */
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly asked: Asked;
  /** Of the whole process, in milliseconds. */
  readonly time: number;
  /** When the first of the output came, in milliseconds. */
  readonly first: number;
  /** Resident memory at its peak, in bytes. */
  readonly peak: number;
  /** How many requests each plan allowed, in the order in which they were told: the first from the files alone. */
  readonly plans: readonly number[];
}

interface RunOptions {
  readonly registry: DoiRegistry;
  readonly sources: Sources;
  readonly indexes: Indexes;
  readonly args?: readonly string[];
}

async function run(stage: Stage, { registry, sources, indexes, args = [] }: RunOptions): Promise<Ran> {
  const { sourcesFile, cacheFile } = await writeDoi(stage, sources, indexes);
  await registry.asked();
  const started = performance.now();
  const running = begin(stage, registry, ['--plan', '--cache', cacheFile, ...args, sourcesFile]);
  const peak = watch(running);
  const first = running.line(/^\{/).then(() => performance.now() - started);
  const { code, stdout, stderr } = await running.ended;
  const time = performance.now() - started;
  expect(code, stderr).toBe(0);
  return {
    stdout,
    stderr,
    asked: await registry.asked(),
    time,
    first: await first,
    peak: peak(),
    plans: plansIn(stderr),
  };
}

function plansIn(stderr: string): readonly number[] {
  const lines = [...stderr.matchAll(/^plan, (.+?): at most ([\d,]+) requests?\b/gm)];
  expect(lines[0]?.[1]).toBe('from the files alone');
  return lines.map(([, , requests = '']) => Number(requests.replaceAll(',', '')));
}

function begin(stage: Stage, registry: DoiRegistry, args: readonly string[]): Running {
  return stage.start(process.execPath, [cli, 'builds', ...args], {
    env: {
      DOCKERHUB_PUBLIC_PROXY: registry.url,
      BASHBREW_STAGING_TEMPLATE: 'oisupport/staging-ARCH:BUILD',
      // No run finds the tokens of another.
      STOWAGE_CACHE: stage.newFolder('cache'),
    },
  });
}

function watch({ pid, ended }: Running): () => number {
  let last = 0;
  const look = async (): Promise<void> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    last = Math.max(last, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(() => void look(), 20);
  void ended.finally(() => clearInterval(timer));
  return () => last;
}

describe.skipIf(lacksDoi !== undefined)('the builds of the Docker Official Images', () => {
  play(
    'are right, with few requests, and within the plan',
    ['proc'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const cold = coldIndexes(indexes);
      const near = await doiRegistry(stage);
      const plain = await doiRegistry(stage, '--latency', '50');
      const guarded = await doiRegistry(stage, '--latency', '50', '--auth');
      const expected = {
        cold: await expectedBuilds(sources, cold, near),
        warm: await expectedBuilds(sources, indexes, near),
      };
      const found = Object.values(
        JSON.parse(expected.cold) as Record<string, { build: { resolved: unknown } }>,
      );
      expect(found).toHaveLength(1835);
      expect(found.filter(({ build }) => build.resolved !== null)).toHaveLength(1675);

      const runs = {
        'cold': await run(stage, { registry: plain, sources, indexes: cold }),
        'cold, with tokens': await run(stage, { registry: guarded, sources, indexes: cold }),
        'warm': await run(stage, { registry: plain, sources, indexes }),
      }; // prettier-ignore
      printTable(
        'builds of the Docker Official Images, 50 ms away',
        ['run', 'requests', 'plans', 'seconds', 'peak RSS, MiB'],
        Object.entries(runs).map(([name, { asked, plans, time, peak }]) => [
          name,
          String(asked.requests),
          plans.join(', '),
          (time / 1000).toFixed(2),
          (peak / MiB).toFixed(0),
        ]),
      );
      expect(runs.cold.stdout === expected.cold).toBe(true);
      expect(runs['cold, with tokens'].stdout === expected.cold).toBe(true);
      expect(runs.warm.stdout === expected.warm).toBe(true);
      expect(runs.cold.asked.requests).toBeLessThanOrEqual(1800);
      expect(runs['cold, with tokens'].asked.requests).toBeLessThanOrEqual(1850);
      expect(runs.warm.asked.requests).toBeLessThanOrEqual(130);
      for (const { asked, plans } of Object.values(runs))
        for (const plan of plans) expect(asked.requests).toBeLessThanOrEqual(plan);
      for (const { asked, plans } of [runs.cold, runs['cold, with tokens']])
        expect(plans.at(-1)).toBeLessThanOrEqual(asked.requests * 1.05);
    },
    120_000,
  );

  play(
    "are those of docker-library's own programs",
    ['proc'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const cold = coldIndexes(indexes);
      const registry = await doiRegistry(stage);
      const first = await run(stage, { registry, sources, indexes: cold });
      expect(sha256(first.stdout)).toBe(ORIGINAL.cold);
      const again = await run(stage, { registry, sources, indexes });
      expect(sha256(again.stdout)).toBe(ORIGINAL.warm);
      const old = await run(stage, {
        registry,
        sources: inModelOfMarch2024(sources),
        indexes: withNamesInFull(cold),
      });
      expect(sha256(old.stdout)).toBe(ORIGINAL.march2024);
    },
    120_000,
  );

  play(
    'are the same when one request of twenty fails',
    ['proc'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const cold = coldIndexes(indexes);
      const expected = await expectedBuilds(sources, cold, await doiRegistry(stage));
      for (let seed = 1; seed <= Number(process.env['STOWAGE_SEEDS'] ?? 5); seed++) {
        const registry = await doiRegistry(stage, '--fault', '0.05', '--seed', String(seed));
        const { stdout, asked } = await run(stage, { registry, sources, indexes: cold });
        expect(asked.byKind['fault-cut'], `seed ${seed}`).toBeGreaterThan(0);
        expect(stdout === expected, `seed ${seed}`).toBe(true);
      }
    },
    600_000,
  );

  play(
    'come at the rate that is set, without being told that it is too fast',
    ['proc'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const registry = await doiRegistry(stage, '--rate', '6000', '--burst', '300');
      const { asked, time } = await run(stage, {
        registry,
        sources,
        indexes: coldIndexes(indexes),
        args: ['--rate', '6000', '--burst', '300'],
      });
      const allowed = (asked.requests - 300) * 10;
      printTable('6,000 requests a minute', ['requests', '429', 'seconds', 'the rate allows'], [
        [String(asked.requests), String(asked.byKind['limited'] ?? 0), (time / 1000).toFixed(1), (allowed / 1000).toFixed(1)],
      ]); // prettier-ignore
      expect(asked.byKind['limited'] ?? 0).toBeLessThanOrEqual(1);
      expect(time).toBeLessThanOrEqual(allowed * 1.1);
    },
    120_000,
  );

  play(
    'of twenty times the sources take no more than twenty times the time, and 400 MiB',
    ['proc'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const cold = coldIndexes(indexes);
      const registry = await doiRegistry(stage);
      const one = await run(stage, { registry, sources, indexes: cold });
      const twenty = await run(stage, { registry, sources: manyOf(sources, 20), indexes: cold });
      printTable(
        'twenty times the sources',
        ['', 'requests', 'seconds', 'first output', 'peak RSS, MiB'],
        Object.entries({ 'one': one, 'twenty': twenty }).map(([name, { asked, time, first, peak }]) => [
          name,
          String(asked.requests),
          (time / 1000).toFixed(1),
          (first / 1000).toFixed(1),
          (peak / MiB).toFixed(0),
        ]), // prettier-ignore
      );
      expect(twenty.stdout.startsWith(one.stdout.slice(0, -'\n}\n'.length))).toBe(true);
      expect(twenty.peak).toBeLessThan(400 * MiB);
      expect(twenty.time).toBeLessThanOrEqual(20 * one.time);
      expect(twenty.asked.requests).toBeLessThanOrEqual(20 * one.asked.requests);
      expect(twenty.first).toBeLessThan(twenty.time * 0.8);

      const builds = stage.newFolder('builds.json');
      await writeFile(builds, twenty.stdout);
      const commands = begin(stage, registry, ['commands', builds]);
      const peak = watch(commands);
      const { code, stdout } = await commands.ended;
      expect(code).toBe(0);
      expect(Object.keys(JSON.parse(stdout) as object)).toHaveLength(
        Object.keys(JSON.parse(twenty.stdout) as object).length,
      );
      expect(peak()).toBeLessThan(400 * MiB);
    },
    240_000,
  );

  play(
    'are found by four processes together with the requests of one, at one rate',
    ['redis-server'],
    async (stage) => {
      const { sources, indexes } = await doiData();
      const cold = coldIndexes(indexes);
      const limit = ['--rate', '6000', '--burst', '300'];
      const ranAlone = await doiRegistry(stage, ...limit);
      const alone = await run(stage, { registry: ranAlone, sources, indexes: cold, args: limit });
      const { url } = await redisServer(stage);
      const { sourcesFile } = await writeDoi(stage, sources, cold);
      const rows = [['one', String(alone.asked.requests), String(alone.asked.byKind['limited'] ?? 0)]];
      for (const way of ['--shard', '--queue']) {
        // With a bucket that is full again.
        const registry = await doiRegistry(stage, ...limit);
        const parts = [1, 2, 3, 4].map(async (number) => {
          const { cacheFile } = await writeDoi(stage, {}, cold);
          const share = way === '--shard' ? [way, `${number}/4`] : [way];
          const run = ['--redis', url, '--run', `run${way}`, ...share, ...limit];
          const { code, stdout, stderr } = await begin(stage, registry, [
            ...run,
            '--cache',
            cacheFile,
            sourcesFile,
          ]).ended;
          expect(code, stderr).toBe(0);
          const part = stage.newFolder('part.json');
          await writeFile(part, stdout);
          return part;
        });
        const merged = await stage.stowage('builds', 'merge', sourcesFile, ...(await Promise.all(parts)));
        const { requests, byKind } = await registry.asked();
        rows.push([`four, ${way}`, String(requests), String(byKind['limited'] ?? 0)]);
        expect(merged === alone.stdout, way).toBe(true);
        expect(requests, way).toBeLessThanOrEqual(alone.asked.requests * 1.02);
        expect(requests, way).toBeGreaterThanOrEqual(alone.asked.requests * 0.98);
        expect(byKind['limited'] ?? 0, way).toBe(0);
      }
      printTable('6,000 requests a minute together', ['processes', 'requests', '429'], rows);
    },
    240_000,
  );
});

/** SHA-256 of what lookup and builds.sh of meta-scripts wrote for the same data, through `jq --tab .`. */
const ORIGINAL = {
  cold: 'f6c66a3c76be85aca2cc2fb43c02041ed99e165fabf29402a6f15e8480976e53',
  warm: '26584b0582ef0938a45d987941618ff28a8071b4b653e5c61b756a7b7e28a339',
  march2024: '0ae97d88438291cdb0e07799f44f1938f75b047632711371a3d708e143943213',
} as const;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The same sources again and again, under other names. */
function manyOf(sources: Sources, times: number): Sources {
  const rename = (id: string, time: number): string => (time === 0 ? id : sha256(`${id} ${time}`));
  const all: Record<string, Sources[string]> = {};
  for (let time = 0; time < times; time++)
    for (const source of Object.values(sources)) {
      const copy = JSON.parse(JSON.stringify(source), (key, value: unknown) =>
        key === 'sourceId' && typeof value === 'string' ? rename(value, time) : value,
      ) as Sources[string];
      all[copy.sourceId] = copy;
    }
  return all;
}
