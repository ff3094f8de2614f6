import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseSize, formatSize } from '../../src/cli/size.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { cached, diskCache } from '../../src/wrap/cache/index.ts';
import { multi } from '../image/graph.ts';
import { stowage, type Ran } from './stowage.ts';

/** A cache with what was read of two repositories, and the command line that looks after it. */
async function warm(): Promise<{ folder: string; cache(...args: readonly string[]): Promise<Ran> }> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const origin = memoryRegistry();
  await multi.push(origin, 'one', { tags: { 1: 'index' } });
  await multi.push(origin, 'two', { tags: { 1: 'index' } });
  const store = diskCache(join(folder, 'registry'));
  const registry = cached(origin, store, { namespace: 'registry.test' });
  await (await registry.getManifest('one', '1')).cancel();
  await (await registry.getBlob('one', multi.digest('amd-config'))).cancel();
  await (await registry.getManifest('two', multi.digest('index'))).cancel();
  await store.close();
  return {
    folder,
    cache: (...args) => stowage(['cache', ...args], { environment: { STOWAGE_CACHE: folder } }),
  };
}

/** All files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('ls: what is kept, by repository', async () => {
  const { folder, cache } = await warm();
  const size = multi.nodes.get('index')?.bytes.length ?? 0;
  const config = multi.nodes.get('amd-config')?.bytes.length ?? 0;
  const { stdout, stderr, code } = await cache('ls');
  const cells = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    ['REPOSITORY', 'TAGS', 'MANIFESTS', 'BLOBS', 'SIZE'],
    ['registry.test/one', '1', '1', '1', formatSize(size + config)],
    ['registry.test/two', '0', '1', '0', formatSize(size)],
  ]);
  expect(stderr).toBe(`24.6 kB in 6 files in ${join(folder, 'registry')}\n`);
  expect(code).toBe(0);
  expect(JSON.parse((await cache('ls', '--json')).stdout)).toEqual({
    folder: join(folder, 'registry'),
    repositories: [
      { namespace: 'registry.test', repository: 'one', tags: 1, manifests: 1, blobs: 1, size: size + config },
      { namespace: 'registry.test', repository: 'two', tags: 0, manifests: 1, blobs: 0, size },
    ],
    files: 6,
    size: 24_576,
  });
});

test('ls of nothing is nothing', async () => {
  const environment = { STOWAGE_CACHE: '/nowhere/at/all' };
  expect(await stowage(['cache', 'ls'], { environment })).toEqual({
    stdout: '',
    stderr: '0 B in 0 files in /nowhere/at/all/registry\n',
    code: 0,
  });
});

test('prune: by size, by age, and all of it', async () => {
  const { folder, cache } = await warm();
  expect((await cache('prune')).stderr).toBe('removed 0 files, 0 B; kept 6 files, 24.6 kB\n');
  const [old = ''] = await filesIn(folder);
  const then = Date.now() / 1000 - 31 * 86_400;
  await utimes(old, then, then);
  expect((await cache('prune', '--older-than', '30d')).stderr).toMatch(
    /^removed 1 file, 4\.1 kB; kept 5 files/,
  );
  expect((await cache('prune', '--max-size', '8K')).stderr).toBe(
    'removed 3 files, 12.3 kB; kept 2 files, 8.2 kB\n',
  );
  for (const part of ['tokens', 'uploads']) {
    await mkdir(join(folder, part));
    await writeFile(join(folder, part, `${'1'.repeat(64)}.json`), '');
  }
  await writeFile(join(folder, 'what-else'), '');
  expect((await cache('prune', '--all')).stderr).toMatch(/kept 0 files, 0 B\n$/);
  expect(await filesIn(folder)).toEqual([join(folder, 'what-else')]);
  expect((await cache('ls')).stdout).toBe('');
});

test('prune: also tokens, and notes on uploads, that are of no use any more', async () => {
  const { folder, cache } = await warm();
  const long = Date.now() / 1000 - 25 * 3600;
  const [old, fresh] = [`${'1'.repeat(64)}.json`, `${'2'.repeat(64)}.json`];
  for (const part of ['tokens/a', 'uploads']) {
    await mkdir(join(folder, part), { recursive: true });
    for (const name of [old, fresh]) await writeFile(join(folder, part, name), 'four');
    await utimes(join(folder, part, old), long, long);
  }
  expect((await cache('prune')).stderr).toBe('removed 2 files, 8 B; kept 6 files, 24.6 kB\n');
  expect(await readdir(join(folder, 'tokens/a'))).toEqual([fresh]);
  expect(await readdir(join(folder, 'uploads'))).toEqual([fresh]);
});

test('verify: 6, with the names of what was wrong and is gone', async () => {
  const { folder, cache } = await warm();
  expect(await cache('verify')).toMatchObject({
    stdout: '',
    stderr: expect.stringMatching(/^checked 6 files, .*: all are right\n$/) as string,
    code: 0,
  });
  const path = (await filesIn(folder)).find((each) => each.includes(multi.digest('index').slice(7))) ?? '';
  await writeFile(path, 'other bytes');
  const ran = await cache('verify');
  expect(ran).toMatchObject({
    stderr: expect.stringMatching(/: 1 were wrong and were removed\n$/) as string,
    code: 6,
  });
  expect(join(folder, 'registry', ran.stdout.trim())).toBe(path);
  expect(await cache('verify')).toMatchObject({ stdout: '', code: 0 });
});

test.each([
  ['0', 0],
  ['12', 12],
  ['12B', 12],
  ['1K', 1024],
  ['1.5k', 1536],
  ['500M', 500 * 1024 ** 2],
  ['2GiB', 2 * 1024 ** 3],
  ['2GB', 2e9],
  ['1T', 1024 ** 4],
])('a size: %s', (text, size) => {
  expect(parseSize(text)).toBe(size);
});

test.each(['M', '-1', '1,5M', '1e9', '5 M', '1X', 'NaN'])('no size: "%s"', async (text) => {
  expect(() => parseSize(text)).toThrow(SyntaxError);
  const { code, stderr } = await stowage(['cache', 'prune', `--max-size=${text}`]);
  expect(code).toBe(2);
  expect(stderr).toContain('not a size');
});
