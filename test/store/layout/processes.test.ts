import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { childBlobs, parseManifest } from '../../../src/oci/index.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import type { Task } from './child.ts';
import { compiledChild } from './compiled-child.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, push, pushBlob } from './image.ts';

const folder = temporaryFolder();
const program = compiledChild();

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

interface Started {
  /** The lines that it said, those to come included. */
  readonly said: string[];
  /** Waits for so many lines, or for its end. */
  line(count: number): Promise<void>;
  kill(): Promise<void>;
  readonly ended: Promise<number | null>;
}

function start(task: Task): Started {
  const child = spawn(process.execPath, [program(), JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => said.push(line));
  // The output is read to its end before the process counts as ended.
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code]]) => {
    running.delete(child);
    return code as number | null;
  });
  return {
    said,
    ended,
    async line(count) {
      while (said.length < count && running.has(child)) await Promise.race([once(lines, 'line'), ended]);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** That each of these tags is there, with all of its bytes. */
async function expectWhole(tags: Iterable<string>): Promise<void> {
  const registry = layoutRegistry(folder());
  for (const tag of tags) {
    const content = await registry.getManifest('a', tag);
    const manifest = parseManifest(await content.bytes(), content.descriptor.mediaType);
    expect(manifest.annotations).toEqual({ name: tag });
    for (const { digest } of childBlobs(manifest)) await (await registry.getBlob('a', digest)).bytes();
  }
}

test('eight processes that tag at once lose nothing', { timeout: 60_000 }, async () => {
  const children = Array.from({ length: 8 }, (_, at) =>
    start({ task: 'push', root: folder(), prefix: `p${at}`, count: 25 }),
  );
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(Array.from({ length: 8 }, () => 0));
  const tags = await all(layoutRegistry(folder()).tags('a'));
  expect(tags).toHaveLength(200);
  await expectWhole(tags);
});

test('nobody waits for a lock whose holder was killed', { timeout: 60_000 }, async () => {
  const registry = layoutRegistry(folder());
  await pushBlob(registry, 'a', config);
  await mkdir(join(folder(), 'a/.stowage'), { recursive: true });
  for (let round = 0; round < 3; round++) {
    const holder = start({ task: 'hold the lock', lock: join(folder(), 'a/.stowage/lock') });
    await holder.line(1);
    expect(holder.said).toEqual(['held']);
    let done = false;
    const pushing = push(registry, 'a', image(`i${round}`), `i${round}`).then(() => (done = true));
    // While it is held, one waits; but not to read.
    await sleep(100);
    expect(done).toBe(false);
    expect(await all(registry.tags('a'))).toHaveLength(round);
    const killed = performance.now();
    await holder.kill();
    await pushing;
    expect(performance.now() - killed).toBeLessThan(2000);
  }
});

test('a wait for the lock ends with the signal, and does not keep it', { timeout: 60_000 }, async () => {
  const registry = layoutRegistry(folder());
  await pushBlob(registry, 'a', config);
  const holder = start({ task: 'hold the lock', lock: join(folder(), 'a/.stowage/lock') });
  await holder.line(1);
  const { bytes, descriptor } = image('aborted');
  const { mediaType } = descriptor;
  const pushing = registry.pushManifest('a', bytes, {
    mediaType,
    tags: ['aborted'],
    signal: AbortSignal.timeout(50),
  });
  await expect(pushing).rejects.toThrow('timeout');
  await holder.kill();
  await push(layoutRegistry(folder()), 'a', image('b'), 'b');
  await push(registry, 'a', image('c'), 'c');
  expect(await all(registry.tags('a'))).toEqual(['b', 'c']);
});

test('kill -9 at any moment loses nothing that was acknowledged', { timeout: 60_000 }, async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < 10; round++) {
    const children = [0, 1].map((at) =>
      start({ task: 'push', root: folder(), prefix: `r${round}-${at}`, count: 100_000 }),
    );
    // The first one in the middle of making the layout, the others anywhere.
    await Promise.all(children.map((child) => child.line(round === 0 ? 0 : 1)));
    await sleep(Math.random() * (round === 0 ? 60 : 120));
    for (const child of children) await child.kill();
    acknowledged.push(...children.flatMap(({ said }) => said));
    if (acknowledged.length === 0) continue;
    JSON.parse(await readFile(join(folder(), 'a/index.json'), 'utf8'));
    await expectWhole(acknowledged);
  }
  expect(acknowledged.length).toBeGreaterThan(20);
  // Also those that nobody was told of are whole.
  await expectWhole(await all(layoutRegistry(folder()).tags('a')));
});
