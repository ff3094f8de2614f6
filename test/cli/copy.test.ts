import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';

/** Two registries, the first of which has `r:1`. */
async function pair(): Promise<{ from: string; to: string; target: Registry }> {
  const [source, target] = [memoryRegistry(), memoryRegistry()];
  await multi.push(source, 'r', { tags: { 1: 'index' } });
  const host = async (registry: Registry): Promise<string> => {
    const server = await listen(createHandler(registry));
    onTestFinished(() => server.close());
    return new URL(server.url).host;
  };
  return { from: await host(source), to: await host(target), target };
}

test('the digest on standard output, what was done on standard error', async () => {
  const { from, to, target } = await pair();
  const first = await stowage(['copy', `${from}/r:1`, `${to}/t:2`]);
  expect(first).toMatchObject({ stdout: `${multi.digest('index')}\n`, code: 0 });
  expect(first.stderr).toMatch(/^sent 4 manifests and 7 blobs, \d+ bytes, to .*\/t:2\n$/);
  expect(await multi.held(target, 't')).toEqual([...multi.nodes.keys()]);
  const again = await stowage(['copy', '--stats', `${from}/r:1`, `${to}/t:2`]);
  expect(again.stdout).toBe(`${multi.digest('index')}\n`);
  expect(again.stderr).toBe(
    `${to}/t:2 is there already\nrequests: 2 (HEAD manifest 2); cache: miss 1, revalidated 1\n`,
  );
});

test('into a layout and out of it', async () => {
  const { from, to, target } = await pair();
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  expect((await stowage(['copy', `${from}/r:1`, `oci-layout:${folder}:1`])).code).toBe(0);
  expect((await stowage(['copy', `oci-layout:${folder}:1`, `${to}/t:1`])).code).toBe(0);
  expect(await multi.held(target, 't')).toEqual([...multi.nodes.keys()]);
});

test('a layout whose bytes went bad is not copied: 6, also into another layout', async () => {
  const { from } = await pair();
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  expect((await stowage(['copy', `${from}/r:1`, `oci-layout:${folder}/good:1`])).code).toBe(0);
  const layer = multi.nodes.get('amd-layer')?.bytes as Uint8Array;
  const path = join(folder, 'good/blobs', multi.digest('amd-layer').replace(':', '/'));
  await writeFile(path, Buffer.from(layer).fill('x', 0, 1));
  const copied = await stowage(['copy', `oci-layout:${folder}/good:1`, `oci-layout:${folder}/copy:1`]);
  expect(copied.code).toBe(6);
  expect((await stowage(['lookup', `oci-layout:${folder}/copy:1`])).code).toBe(3);
});

test('--platform', async () => {
  const { from, to, target } = await pair();
  const missing = ['--platform', 'linux/arm64', '--platform', 'linux/386'];
  const refused = await stowage(['copy', ...missing, `${from}/r:1`, `${to}/t:1`]);
  expect(refused).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('has nothing for linux/386; it has') as string,
  });
  const platforms = ['--platform', 'linux/arm64'];
  expect((await stowage(['copy', ...platforms, `${from}/r:1`, `${to}/t:1`])).code).toBe(0);
  expect(await multi.held(target, 't')).toEqual(['shared', 'arm-config', 'arm-layer', 'arm']);
});

test.each([
  [2, 'a malformed platform', ['--platform', 'linux'], 'r:1', 't'],
  [2, 'a malformed source', [], 'R:1', 't'],
  [2, 'a malformed target', [], 'r:1', 't:-'],
  [3, 'a source that is not there', [], 'r:9', 't'],
  [3, 'a platform that is not there', ['--platform', 'linux/s390x'], 'r:1', 't'],
])('%i: %s', async (code, _, flags, source, sink) => {
  const { from, to, target } = await pair();
  const ran = await stowage(['copy', ...flags, `${from}/${source}`, `${to}/${sink}`]);
  expect(ran).toMatchObject({ stdout: '', code });
  expect(ran.stderr).toMatch(/^stowage: .+\n$/);
  expect(await multi.held(target, 't')).toEqual([]);
});
