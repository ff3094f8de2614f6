/**
 * What a process of its own does in the tests: it is bundled, since Node 20 does not run TypeScript.
 * It says what it has done, line by line.
 */
import { writeSync } from 'node:fs';
import { withLock } from '../../../src/disk/index.ts';
import { layoutRegistry, singleLayout } from '../../../src/store/layout/index.ts';
import { config, image, piece, push, pushBlob } from './image.ts';

/** What to do. */
export type Task =
  | { readonly task: 'hold the lock'; readonly lock: string }
  | { readonly task: 'push'; readonly root: string; readonly prefix: string; readonly count: number }
  | { readonly task: 'tag'; readonly directory: string; readonly prefix: string; readonly count: number };

// At once, and not when the event loop gets to it: the process may be killed at any moment.
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function run(task: Task): Promise<void> {
  if (task.task === 'hold the lock') {
    await withLock(task.lock, () => {
      say('held');
      // Ends it after all: a promise that nobody can resolve would be collected, and the lock's file with it.
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    });
    return;
  }
  if (task.task === 'tag') {
    for (const { took, cpu } of await tagImages(task)) say(`${took} ${cpu}`);
    return;
  }
  const registry = layoutRegistry(task.root);
  await pushBlob(registry, 'a', config);
  for (let at = 0; at < task.count; at++) {
    const tag = `${task.prefix}-${at}`;
    const layer = piece(tag.padEnd(50_000));
    await pushBlob(registry, 'a', layer);
    await push(registry, 'a', image(tag, { layers: [layer.descriptor] }), tag);
    say(tag);
  }
}

/** How long it took to enter and tag each of some images, and how long the processor was at it, in milliseconds. */
async function tagImages({
  directory,
  prefix,
  count,
}: Task & { readonly task: 'tag' }): Promise<readonly { readonly took: number; readonly cpu: number }[]> {
  const registry = singleLayout(directory);
  await pushBlob(registry, 'layout', config);
  const times: { took: number; cpu: number }[] = [];
  for (let at = 0; at < count; at++) {
    const before = performance.now();
    const usage = process.cpuUsage();
    await push(registry, 'layout', image(`${prefix}-${at}`), `${prefix}-${at}`);
    const { user, system } = process.cpuUsage(usage);
    times.push({ took: performance.now() - before, cpu: (user + system) / 1000 });
  }
  return times;
}

await run(JSON.parse(process.argv[2] ?? '') as Task);
