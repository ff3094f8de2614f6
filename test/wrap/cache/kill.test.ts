import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../../src/oci/index.ts';
import { diskCache, verifyCache } from '../../../src/wrap/cache/index.ts';
import { newFolder } from './folder.ts';
import { pieces, scope } from './pieces.ts';

let compiled = '';
beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), 'stowage-child-'));
  await build({
    entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
    outfile: join(compiled, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis'],
    logLevel: 'warning',
  });
});
afterAll(() => rm(compiled, { recursive: true, force: true }));

/** Runs two processes on a folder, and kills them in the middle. */
async function killTwo(folder: string): Promise<void> {
  const children = [1, 2].map(() =>
    spawn(process.execPath, [join(compiled, 'child.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const ended = children.map((child) => once(child, 'exit'));
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  await sleep(Math.random() * 60);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ended);
}

test('kill -9 at any moment leaves nothing wrong behind', { timeout: 60_000 }, async () => {
  const folder = await newFolder();
  let found = 0;
  for (let round = 0; round < 10; round++) {
    await killTwo(folder);
    const store = diskCache(folder);
    for (const { descriptor } of pieces()) {
      const { digest, size } = descriptor;
      const known = await store.descriptor(scope, 'blobs', digest);
      if (known !== undefined) expect(known).toEqual(descriptor);
      const content = await store.content(scope.namespace, digest, size);
      if (content === undefined) continue;
      expect(digestOf(content)).toBe(digest);
      found++;
    }
    await store.close();
  }
  expect(found).toBeGreaterThan(100);
  expect((await verifyCache(folder)).removed).toEqual([]);
});
