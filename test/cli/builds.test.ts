import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHandler, listen } from '../../src/server/index.ts';
import { createWorld, digest, idOf, sourcesJson, type World } from '../builds/world.ts';
import { stowage, type Ran } from './stowage.ts';

/** A folder with files, a registry, and the command line in between. */
interface Scene {
  readonly world: World;
  /** Where files are. */
  path(name: string): string;
  read(name: string): Promise<string>;
  builds(...args: readonly string[]): Promise<Ran>;
}

async function scene(
  files: Readonly<Record<string, string>>,
  template = 'staging/ARCH:BUILD',
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-builds-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const world = createWorld();
  const server = await listen(createHandler(world.registryOf('')));
  onTestFinished(() => server.close());
  const path = (name: string): string => join(folder, name);
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
  return {
    world,
    path,
    read: (name) => readFile(path(name), 'utf8'),
    builds: (...args) =>
      stowage(['builds', ...args], {
        environment: { DOCKERHUB_PUBLIC_PROXY: server.url, BASHBREW_STAGING_TEMPLATE: template },
      }),
  };
}

const sources = sourcesJson({ a: { amd64: { 'x:1': {} }, s390x: { 'x:1': {} } }, b: { amd64: {} } });
const aId = idOf('a', 'amd64', { 'x:1': digest('x') });

async function filled(files: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const made = await scene({ 'sources.json': sources, ...files });
  await made.world.put('library/x', '1', { amd64: 'x' });
  await made.world.put('staging/amd64', aId, { amd64: 'built' });
  return made;
}

test('a builds.json on standard output, and nothing else', async () => {
  const { builds, path } = await filled();
  const { stdout, stderr, code } = await builds(path('sources.json'));
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const found = JSON.parse(stdout) as Record<string, { build: { img: string; resolved: unknown } }>;
  expect(Object.keys(found)).toEqual([aId, idOf('b', 'amd64', {})]);
  expect(found[aId]?.build.img).toBe(`staging/amd64:${aId}`);
  expect(stdout).toMatch(/^\{\n\t"[0-9a-f]{64}": \{\n\t\t"buildId"/);
  expect(stdout.endsWith('\n\t}\n}\n')).toBe(true);
});

test('--cache: is made, used, and written as a whole, where a link leads', async () => {
  const { builds, path, read, world } = await filled();
  await writeFile(path('real.json'), '{"indexes": {}}');
  await symlink(path('real.json'), path('cache.json'));
  const first = await builds('--cache', path('cache.json'), path('sources.json'));
  expect(first.code).toBe(0);
  expect(Object.keys((JSON.parse(await read('real.json')) as { indexes: object }).indexes)).toEqual([
    `staging/amd64:${aId}`,
  ]);
  expect((await readdir(path('.'))).toSorted()).toEqual(['cache.json', 'real.json', 'sources.json']);
  const before = world.requests.length;
  const second = await builds(`--cache=${path('cache.json')}`, path('sources.json'));
  expect(second.stdout).toBe(first.stdout);
  expect(world.requests.slice(before)).not.toContain(`GET staging/amd64:${aId}`);
});

test('a run that fails leaves the cache as it was', async () => {
  const { builds, path, read, world } = await filled({ 'cache.json': '{"indexes": {}}' });
  await world.put('library/x', '1', { amd64: 'x', arm64v8: 'x too' });
  await world.putEntries('staging/amd64', aId, [
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('1'), size: 1, platform: { os: 'linux', architecture: 'amd64' } }, // prettier-ignore
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digest('2'), size: 1, platform: { os: 'linux', architecture: 'amd64' } }, // prettier-ignore
  ]);
  const { code, stderr } = await builds('--cache', path('cache.json'), path('sources.json'));
  expect(code).toBe(1);
  expect(stderr).toContain(`staging/amd64:${aId} has 2 images for amd64`);
  expect(await read('cache.json')).toBe('{"indexes": {}}');
});

test('--plan: before anything is asked for, when more is known, and in the end', async () => {
  const { builds, path } = await filled();
  const { stderr } = await builds('--plan', path('sources.json'));
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^plan, from the files alone: at most \d+ requests \(GET manifest 4, /),
    expect.stringMatching(/^plan, after the tag lists: at most \d+ requests \(GET manifest 3, /),
    expect.stringMatching(/^planned \d+ requests, made 4 /),
    '',
  ]);
});

test('--verbose: a line for each', async () => {
  const { builds, path } = await filled();
  const { stderr } = await builds('--verbose', path('sources.json'));
  expect(stderr.split('\n').toSorted()).toEqual(
    [
      '',
      `a:1, a for amd64: ${aId}`,
      'a:1, a for s390x: waits for a parent',
      `b:1, b for amd64: ${idOf('b', 'amd64', {})}`,
    ].toSorted(),
  );
});

test('--shard, and merge', async () => {
  const { builds, path } = await filled();
  const { stdout: whole } = await builds(path('sources.json'));
  for (const number of [1, 2, 3]) {
    const cache = path(`cache${number}.json`);
    const part = await builds('--shard', `${number}/3`, '--cache', cache, path('sources.json'));
    await writeFile(path(`part${number}.json`), part.stdout);
  }
  const named = (name: string): string[] => [1, 2, 3].map((number) => path(`${name}${number}.json`));
  const merged = await builds('merge', path('sources.json'), ...named('part'));
  expect(merged).toEqual({ stdout: whole, stderr: '', code: 0 });
  const caches = await builds('merge', '--caches', ...named('cache'));
  expect(Object.keys((JSON.parse(caches.stdout) as { indexes: object }).indexes)).toEqual([
    `staging/amd64:${aId}`,
  ]);
});

describe('2, and nothing is written', () => {
  test.each<[what: string, files: Record<string, string>, args: string[], message: RegExp]>([
    ['no file', {}, ['sources.json'], /sources\.json: there is no such file/],
    [
      'malformed sources',
      { 'sources.json': '{"k": 1}' },
      ['sources.json'],
      /sources\.json: \/k\/sourceId: want a text/,
    ],
    [
      'a malformed cache',
      { 'sources.json': sources, 'cache.json': '{"indexes": {"x:1": 5}}' },
      ['--cache', 'cache.json', 'sources.json'],
      /cache\.json: \/indexes\/x:1: want an index/,
    ],
    [
      'a cache that was cut off',
      { 'sources.json': sources, 'cache.json': '' },
      ['--cache', 'cache.json', 'sources.json'],
      /cache\.json: .*want \{"indexes"/,
    ],
    [
      'a malformed part',
      { 'sources.json': sources, 'part.json': '{"a": {}}' },
      ['merge', 'sources.json', 'part.json'],
      /part\.json: \/a\/buildId: want a text/,
    ],
    [
      'a part that is not there',
      { 'sources.json': sources },
      ['merge', 'sources.json', 'part.json'],
      /part\.json: there is no such file/,
    ],
  ])('%s', async (_, files, args, message) => {
    const { builds, path, read, world } = await scene(files);
    const { stdout, stderr, code } = await builds(
      ...args.map((arg) => (arg.endsWith('.json') ? path(arg) : arg)),
    );
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(message);
    expect(world.requests).toEqual([]);
    for (const [name, text] of Object.entries(files)) expect(await read(name)).toBe(text);
  });

  test('a template without BUILD', async () => {
    const { builds, path } = await scene({ 'sources.json': sources }, 'staging:ARCH');
    const { stdout, stderr, code } = await builds(path('sources.json'));
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('invalid staging template "staging:ARCH": BUILD is missing');
    const given = await builds('--staging-template', 'x y:BUILD', path('sources.json'));
    expect(given).toMatchObject({ stdout: '', code: 2 });
  });

  test.each([['--shard=0/4'], ['--shard=5/4'], ['--shard=x'], ['--queue'], ['--shard=1/2', '--queue']])(
    '%s %s',
    async (...args) => {
      const { builds, path } = await scene({ 'sources.json': sources });
      expect(await builds(...args, path('sources.json'))).toMatchObject({ stdout: '', code: 2 });
    },
  );
});
