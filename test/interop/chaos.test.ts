import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describe, expect } from 'vitest';
import {
  blobFile,
  digestOf,
  expectInRegistry,
  expectSameLayout,
  makeImage,
  makeLargeImage,
  partsOf,
  readLayout,
  type Layout,
} from './images.ts';
import { dockerRegistry, proxy, type Proxy, type Server } from './servers.ts';
import { play, type Stage } from './stage.ts';

const SEEDS = Array.from({ length: 20 }, (_, at) => String(at + 1));
/** Copies at the same time. */
const SIDE_BY_SIDE = 5;
/** The proxy's stalls last 3 s; what is silent for longer is given up, and asked for again. */
const IDLE_SECONDS = 4;

// A command that hangs is ended, and the test fails.
describe('copies of an index of 8 images through a proxy that breaks requests in all ways that it knows', () => {
  for (const [share, least] of [
    [0.03, 20],
    [0.1, 19],
  ] as const) {
    play(
      `${share * 100} % of them: the right bytes, or a clear error; at least ${least} of 20 come through`,
      ['docker-registry'],
      async (stage) => {
        const layout = await makeImage(stage, 'source', { platforms: 8, layers: 5, size: 20_000 });
        const server = await dockerRegistry(stage);
        await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${server.host}/a:1`);

        const limit = pLimit(SIDE_BY_SIDE);
        const came = { pulls: 0, pushes: 0 };
        const failures: string[] = [];
        const attempts = SEEDS.flatMap((seed) => [
          limit(async () => {
            const line = await proxy(stage, server, '--fault', String(share), '--seed', seed);
            if (await pull(stage, line, layout, failures)) came.pulls++;
          }),
          limit(async () => {
            const line = await proxy(stage, server, '--fault', String(share), '--seed', seed);
            if (await push(stage, line, layout, server, `b-${seed}`, failures)) came.pushes++;
          }),
        ]);
        await Promise.all(attempts);
        console.log(
          `${share * 100} %: ${came.pulls} of 20 pulls and ${came.pushes} of 20 pushes came through`,
        );
        if (failures.length > 0) console.log(failures.join('\n'));
        expect(came.pulls).toBeGreaterThanOrEqual(least);
        expect(came.pushes).toBeGreaterThanOrEqual(least);
      },
      400_000,
    );
  }
});

describe('answers that break off in the middle', () => {
  const SIZE = 200_000_000;
  /** What a broken connection may lose on its way, in bytes: it was sent, and never came. */
  const IN_FLIGHT = 1024 * 1024;

  play(
    'are read on where they broke: nothing that came is fetched twice',
    ['docker-registry'],
    async (stage) => {
      const layout = await makeLargeImage(stage, 'large', SIZE);
      const server = await dockerRegistry(stage);
      await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${server.host}/a:1`);
      let cuts = 0;
      for (const seed of ['1', '2', '3', '4', '5', '6', '7', '8']) {
        const options = ['--fault', '0.4', '--faults', 'cut', '--bandwidth', '100000000', '--seed', seed];
        const line = await proxy(stage, server, ...options);
        const directory = stage.newFolder('pulled');
        const { code, stderr } = await copyThrough(stage, `${line.host}/a:1`, `oci-layout:${directory}:1`);
        expect(code, stderr).toBe(0);
        await expectSameLayout(await readLayout(directory, '1'), layout);
        const { out, faults } = await statistics(line);
        const broken = faults['cut'] ?? 0;
        cuts += broken;
        // The counts of the proxy are of what it sent; that the reader had all of it by then is not said.
        expect(out, `${broken} cuts`).toBeLessThan(SIZE + 10_000 + broken * IN_FLIGHT);
        console.log(`seed ${seed}: ${broken} cuts, ${out - SIZE} bytes more than the image's ${SIZE}`);
      }
      expect(cuts).toBeGreaterThan(3);
    },
  );
});

async function statistics({ url }: Proxy): Promise<{ out: number; faults: Record<string, number> }> {
  return (await (await fetch(`${url}/_stats`)).json()) as { out: number; faults: Record<string, number> };
}

/** A copy without what earlier ones have left in caches, and with less patience for silence. */
async function copyThrough(stage: Stage, from: string, to: string): ReturnType<Stage['tryStowage']> {
  const settings = join(stage.folder, 'registries.json');
  await writeFile(settings, JSON.stringify({ defaults: { idleTimeout: IDLE_SECONDS } }));
  return stage.tryStowage('copy', '--no-cache', '--registry-config', settings, from, to);
}

/** @returns whether it succeeded */
async function pull(stage: Stage, { host }: Server, layout: Layout, failures: string[]): Promise<boolean> {
  const directory = stage.newFolder('pulled');
  const { code, stderr } = await copyThrough(stage, `${host}/a:1`, `oci-layout:${directory}:1`);
  if (code === 0) await expectSameLayout(await readLayout(directory, '1'), layout);
  else failures.push(expectClear(code, stderr, host));
  // What came to the disk is right in any case.
  for (const { digest } of await partsOf(layout)) {
    const file = blobFile(directory, digest);
    if (existsSync(file)) expect(digestOf(await readFile(file)), file).toBe(digest);
  }
  return code === 0;
}

/** @returns whether it succeeded */
async function push(
  stage: Stage,
  { host }: Server,
  layout: Layout,
  server: Server,
  repository: string,
  failures: string[],
): Promise<boolean> {
  const from = `oci-layout:${layout.directory}:latest`;
  const { code, stderr } = await copyThrough(stage, from, `${host}/${repository}:1`);
  if (code === 0) await expectInRegistry(`${server.host}/${repository}:1`, layout);
  else failures.push(expectClear(code, stderr, host));
  return code === 0;
}

/** A line that names the registry, and no stack. */
function expectClear(code: number | undefined, stderr: string, host: string): string {
  expect(code, stderr).toBeGreaterThan(0);
  const line = stderr.trimEnd().split('\n').at(-1) ?? '';
  expect(line).toMatch(/^stowage: .+/);
  expect(line).toContain(host);
  return line;
}
