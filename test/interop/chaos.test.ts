import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import {
  blobFile,
  digestOf,
  expectInRegistry,
  expectSameLayout,
  makeImage,
  partsOf,
  readLayout,
  type Layout,
} from './images.ts';
import { proxy, serve, type Server } from './servers.ts';
import { play, type Stage } from './stage.ts';

/** What goes wrong with some of the requests, in the words of the proxy. */
const faults = {
  'is answered with 503 or 429': '503,429',
  'breaks off before the answer': 'reset,reset-after',
  'breaks off in the answer': 'cut',
  'stalls in the answer, and breaks off': 'slow',
  'meets any of it': '503,429,reset,reset-after,cut,slow',
};
const SEEDS = ['1', '2', '3', '4', '5'];

// A command that hangs is ended after a minute, and the test fails.
describe('a copy, where now and then a request', () => {
  for (const [what, kinds] of Object.entries(faults)) {
    play(
      `${what}: the same bytes, or a clear error`,
      [],
      async (stage) => {
        const layout = await makeImage(stage, 'source', { platforms: 3, layers: 2 });
        const server = await serve(stage, stage.newFolder('data'));
        await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${server.host}/a:1`);

        let through = 0;
        const copies = SEEDS.map(async (seed) => {
          const line = await proxy(stage, server, '--fault', '0.06', '--faults', kinds, '--seed', seed);
          if (await pull(stage, line, layout)) through++;
          if (await push(stage, line, layout, server, `b-${seed}`)) through++;
        });
        await Promise.all(copies);
        console.log(`${through} of ${SEEDS.length} pulls and ${SEEDS.length} pushes came through`);
      },
      120_000,
    );
  }
});

/** @returns whether it succeeded */
async function pull(stage: Stage, { host }: Server, layout: Layout): Promise<boolean> {
  const directory = stage.newFolder('pulled');
  const { code, stderr } = await stage.tryStowage('copy', `${host}/a:1`, `oci-layout:${directory}:1`);
  if (code === 0) await expectSameLayout(await readLayout(directory, '1'), layout);
  else expectClear(code, stderr, host);
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
): Promise<boolean> {
  const from = `oci-layout:${layout.directory}:latest`;
  const { code, stderr } = await stage.tryStowage('copy', from, `${host}/${repository}:1`);
  if (code === 0) await expectInRegistry(`${server.host}/${repository}:1`, layout);
  else expectClear(code, stderr, host);
  return code === 0;
}

/** One line that names the registry, and no stack. */
function expectClear(code: number | undefined, stderr: string, host: string): void {
  expect(code, stderr).toBeGreaterThan(0);
  expect(stderr).toMatch(/^stowage: .+\n$/);
  expect(stderr).toContain(host);
}
