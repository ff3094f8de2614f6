import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { printTable } from './copiers.ts';
import { makeLargeImage } from './images.ts';
import { cli } from './peers.ts';
import type { Running } from './processes.ts';
import { serve } from './servers.ts';
import { play, type Stage } from './stage.ts';

const MiB = 1024 * 1024;
const SIZE = 1024 * MiB;
const MOST = 200 * MiB;

describe('the memory that a layer of 1 GiB takes', () => {
  play(
    'is no more than 200 MiB, in every process',
    ['proc', 'diff'],
    async (stage) => {
      const layout = await makeLargeImage(stage, 'source', SIZE);
      const peaks: Record<string, number> = {};

      const first = await serve(stage, join(stage.folder, 'data'));
      const serverPeak = watch(first.process);
      peaks['copy, layout to server'] = await copy(
        stage,
        `oci-layout:${layout.directory}:latest`,
        `${first.host}/big:1`,
      );
      peaks['serve, receiving'] = serverPeak();
      first.process.kill('SIGTERM');
      await first.process.ended;

      // Anew, so that the two directions have a peak each.
      const second = await serve(stage, join(stage.folder, 'data'));
      const sendingPeak = watch(second.process);
      const back = stage.newFolder('back');
      peaks['copy, server to layout'] = await copy(stage, `${second.host}/big:1`, `oci-layout:${back}:1`);
      peaks['serve, sending'] = sendingPeak();
      await stage.run('diff', '-r', join(layout.directory, 'blobs'), join(back, 'blobs'));

      const third = await serve(stage, join(stage.folder, 'other'));
      const relayPeak = watch(third.process);
      peaks['copy, server to server'] = await copy(stage, `${second.host}/big:1`, `${third.host}/big:1`);
      peaks['serve, receiving from a server'] = relayPeak();

      const rows = Object.entries(peaks).map(([name, peak]) => [name, (peak / MiB).toFixed(0)]);
      printTable('a layer of 1 GiB', ['process', 'peak RSS, MiB'], rows);
      for (const [name, peak] of Object.entries(peaks)) {
        expect(peak, name).toBeGreaterThan(0);
        expect(peak, name).toBeLessThan(MOST);
      }
    },
    180_000,
  );
});

/** Copies by a process of its own. @returns its peak, in bytes */
async function copy(stage: Stage, from: string, to: string): Promise<number> {
  const running = stage.start(process.execPath, [cli, 'copy', from, to]);
  const peak = watch(running);
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  return peak();
}

/** Looks at the high-water mark of a process, over and over, until it ends. @returns what gives the last, in bytes */
function watch({ pid, ended }: Running): () => number {
  let last = 0;
  const look = async (): Promise<void> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    last = Math.max(last, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(() => void look(), 10);
  void ended.finally(() => clearInterval(timer));
  return () => last;
}
