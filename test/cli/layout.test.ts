import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { failIn } from '../../src/cli/layout/words.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { graph, multi } from '../image/graph.ts';
import { stowage, type Ran } from './stowage.ts';

interface Stage {
  readonly folder: string;
  file(name: string): string;
  layout(command: string, ...args: readonly string[]): Promise<Ran>;
}

/** A layout with an image of two platforms, called v1, and one that has no name. */
async function stage(): Promise<Stage> {
  // Spaces, colons and @ are a folder's own business.
  const folder = join(await mkdtemp(join(tmpdir(), 'stowage-cli-')), 'a b:c@d');
  onTestFinished(() => rm(join(folder, '..'), { recursive: true, force: true }));
  const registry = singleLayout(folder);
  await multi.push(registry, 'layout', { tags: { v1: 'index' } });
  await single.push(registry, 'layout');
  return {
    folder,
    file: (name) => join(folder, 'blobs', multi.digest(name).replace(':', '/')),
    layout: (command, ...args) => stowage(['layout', command, ...args]),
  };
}

const single = graph({
  blobs: {
    config: {
      text: '{"os":"linux","architecture":"riscv64"}',
      mediaType: 'application/vnd.oci.image.config.v1+json',
    },
    layer: 'a layer of its own',
  },
  manifests: { image: { config: 'config', layers: ['layer'] } },
});

test('ls: names, digests, types, platforms, sizes', async () => {
  const { folder, layout } = await stage();
  const { stdout, stderr, code } = await layout('ls', folder);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +(?=\S)/));
  expect(rows.slice(0, 3).map((row) => row.slice(0, 4))).toEqual([
    ['NAME', 'DIGEST', 'TYPE', 'PLATFORMS'],
    ['v1', multi.digest('index'), 'index', 'linux/amd64,linux/arm64'],
    ['-', single.digest('image'), 'image', 'linux/riscv64'],
  ]);
  expect(stderr).toBe(`2 entries in ${folder}\n`);
  expect(code).toBe(0);
  const size = [...multi.nodes.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(JSON.parse((await layout('ls', '--json', folder)).stdout)).toMatchObject({
    directory: folder,
    images: [
      { name: 'v1', digest: multi.digest('index'), platforms: ['linux/amd64', 'linux/arm64'], size },
      { name: null, digest: single.digest('image'), platforms: ['linux/riscv64'] },
    ],
  });
});

describe('resolve', () => {
  test('prints the digest of a name, a platform of it, or the image that a digest names', async () => {
    const { folder, layout } = await stage();
    expect(await layout('resolve', folder, 'v1')).toEqual({
      stdout: `${multi.digest('index')}\n`,
      stderr: '',
      code: 0,
    });
    const arm = await layout('resolve', folder, 'v1', '--platform', 'linux/arm64');
    expect(arm.stdout).toBe(`${multi.digest('arm')}\n`);
    const same = await layout('resolve', folder, single.digest('image'), '--platform', 'linux/riscv64');
    expect(same.stdout).toBe(`${single.digest('image')}\n`);
  });

  test('prints the whole descriptor as JSON', async () => {
    const { folder, layout } = await stage();
    expect(JSON.parse((await layout('resolve', '--json', folder, 'v1')).stdout)).toEqual({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: multi.digest('index'),
      size: multi.bytes('index').length,
      annotations: { 'org.opencontainers.image.ref.name': 'v1' },
    });
  });

  test('of a name with a digest does not answer with another digest', async () => {
    const { folder, layout } = await stage();
    const missing = `sha256:${'0'.repeat(64)}`;
    expect(await layout('resolve', folder, `v1@${missing}`)).toMatchObject({ stdout: '', code: 3 });
    const there = await layout('resolve', folder, `v1@${single.digest('image')}`);
    expect(there.stdout).toBe(`${single.digest('image')}\n`);
  });

  test('says what there is where there is nothing', async () => {
    const { folder, layout } = await stage();
    const missing = await layout('resolve', folder, 'v2');
    expect(missing).toMatchObject({ stdout: '', code: 3 });
    expect(missing.stderr).toContain('v1');
    const other = await layout('resolve', folder, 'v1', '--platform', 'linux/s390x');
    expect(other).toMatchObject({ stdout: '', code: 3 });
    expect(other.stderr).toContain('it has linux/amd64, linux/arm64');
  });

  test('answers as another tool does', async () => {
    const { folder, layout } = await stage();
    await layout('tag', folder, 'v1', 'docker.io/library/alpine:3.20');
    expect((await layout('resolve', folder, 'alpine:3.20')).stdout).toBe(`${multi.digest('index')}\n`);
    expect((await layout('resolve', folder, 'alpine:3.20', '--as', 'skopeo')).code).toBe(3);
    expect((await layout('resolve', folder, '3.20', '--as', 'skopeo')).stdout).toBe(
      `${multi.digest('index')}\n`,
    );
  });
});

test('tag and untag: more names, and fewer, of what is there', async () => {
  const { folder, layout } = await stage();
  const image = single.digest('image');
  expect(await layout('tag', folder, image, 'v2', 'docker.io/library/tool:1')).toMatchObject({
    stdout: `${image}\n`,
    code: 0,
  });
  for (const name of ['v2', 'tool:1', 'docker.io/library/tool:1'])
    expect((await layout('resolve', folder, name)).stdout).toBe(`${image}\n`);
  expect(await layout('untag', folder, 'v2', 'v1')).toMatchObject({ stderr: 'took away 2 names\n', code: 0 });
  expect(await layout('untag', folder, 'v2')).toMatchObject({
    stderr: `stowage: nothing is called v2 in ${folder}\n`,
    code: 3,
  });
  await layout('tag', folder, image, 'v3');
  expect(await layout('untag', folder, 'v2', 'v3')).toMatchObject({
    stderr: `took away 1 name\nstowage: nothing is called v2 in ${folder}\n`,
    code: 7,
  });
  expect((await layout('resolve', folder, 'v1')).code).toBe(3);
  // The image is there still.
  expect((await layout('resolve', folder, multi.digest('index'))).code).toBe(0);
});

describe('gc', () => {
  test('prints what goes, a line each, and what it comes to', async () => {
    const { folder, layout } = await stage();
    const size = ['image', 'config', 'layer'].reduce((sum, name) => sum + single.bytes(name).length, 0);
    const args = ['--untagged', '--grace', '0s', folder];
    const planned = await layout('gc', '--dry-run', ...args);
    expect(planned.stderr).toBe(
      `would remove 1 entry, 3 blobs (${size} B), no leftovers; kept 11 blobs (${keptSize()})\n`,
    );
    const { stdout, stderr, code } = await layout('gc', ...args);
    expect(stderr).toBe(planned.stderr.replace('would remove', 'removed'));
    expect(code).toBe(0);
    expect(stdout).toBe(planned.stdout);
    const [first, ...others] = single.named(stdout.trimEnd().split('\n'));
    expect([first, ...others.sort()]).toEqual(['entry image', 'config', 'image', 'layer']);
    expect((await layout('verify', folder)).code).toBe(0);
  });

  const keptSize = (): string => {
    const total = [...multi.nodes.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    return `${(total / 1000).toFixed(1)} kB`;
  };

  test('leaves what is new, unless told', async () => {
    const { folder, layout } = await stage();
    expect((await layout('gc', '--untagged', folder)).stderr).toContain('removed 0 entries, no blobs');
  });

  test('removes nothing from a layout that cannot be read, and says why', async () => {
    const { folder, file, layout } = await stage();
    writeFileSync(file('index'), '{}');
    const before = await readdir(folder, { recursive: true });
    const { stderr, code } = await layout('gc', '--untagged', '--grace', '0s', folder);
    expect(stderr).toContain('digest');
    expect(code).toBe(1);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});

describe('verify', () => {
  test('says that nothing is wrong', async () => {
    const { folder, layout } = await stage();
    const { stdout, stderr, code } = await layout('verify', folder);
    expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
    expect(stderr).toMatch(/^hashed 14 blobs, .* kB: nothing is wrong\n$/);
  });

  test('prints each problem with the way to it, and exits with 6', async () => {
    const { folder, file, layout } = await stage();
    rmSync(file('amd-layer'));
    const { stdout, stderr, code } = await layout('verify', folder);
    expect(multi.named(stdout)).toBe(
      `blobs/sha256/${multi.digest('amd-layer').slice(7)}: error: missing: it is missing; ` +
        'by index.json/manifests/0 index/manifests/0 amd/layers/1 (v1)\n',
    );
    expect(stderr).toContain('1 error, 0 warnings');
    expect(code).toBe(6);
    const [line = ''] = (await layout('verify', '--json', folder)).stdout.split('\n');
    expect(JSON.parse(line)).toMatchObject({ kind: 'missing', names: ['v1'] });
  });

  test('of what nothing refers to it only warns', async () => {
    const { folder, layout } = await stage();
    await writeFile(join(folder, 'blobs/sha256/notes'), '');
    expect(await layout('verify', folder)).toMatchObject({
      stdout: 'blobs/sha256/notes: warning: misnamed: its name is no digest\n',
      code: 0,
    });
  });
});

describe('repair', () => {
  test('fetches from where it is told, and prints what it repaired', async () => {
    const { folder, file, layout } = await stage();
    const other = await stage();
    rmSync(file('amd-layer'));
    writeFileSync(file('arm'), '{}');
    const { stdout, stderr, code } = await layout('repair', folder, '--from', `oci-layout:${other.folder}::`);
    expect(multi.named(stdout.trimEnd().split('\n')).sort()).toEqual(['amd-layer', 'arm']);
    expect(stderr).toBe('repaired 2 blobs, 0 could not be got\n');
    expect(code).toBe(0);
    expect((await layout('verify', folder)).code).toBe(0);
    expect(readFileSync(file('arm'))).toEqual(Buffer.from(multi.bytes('arm')));
    expect(await layout('repair', folder)).toEqual({
      stdout: '',
      stderr: 'nothing is missing or wrong\n',
      code: 0,
    });
  });

  test('prints each as JSON, with where it came from, or why it did not', async () => {
    const { folder, file, layout } = await stage();
    const other = await stage();
    for (const name of ['amd-layer', 'arm-layer']) rmSync(file(name));
    rmSync(other.file('arm-layer'));
    const from = `oci-layout:${other.folder}::`;
    const { stdout, code } = await layout('repair', '--json', folder, '--from', from);
    const lines = stdout.trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line) as { readonly outcome: string });
    // As they come: several are fetched at a time.
    expect(told.toSorted((one, other) => other.outcome.localeCompare(one.outcome))).toEqual([
      expect.objectContaining({ digest: multi.digest('amd-layer'), outcome: 'repaired', from }),
      expect.objectContaining({
        digest: multi.digest('arm-layer'),
        names: ['v1'],
        outcome: 'lost',
        reasons: [{ from, message: expect.stringContaining('BLOB_UNKNOWN') as string }],
      }),
    ]);
    expect(code).toBe(7);
  });

  test('says what could not be got, and why', async () => {
    const { folder, file, layout } = await stage();
    rmSync(file('amd-layer'));
    const nowhere = await layout('repair', folder);
    expect(nowhere.code).toBe(6);
    expect(nowhere.stderr).toContain('of v1: no name says where it is from; use --from');
    const other = await stage();
    rmSync(other.file('amd-layer'));
    rmSync(file('arm-layer'));
    const some = await layout('repair', folder, '--from', `oci-layout:${other.folder}::`);
    expect(some.code).toBe(7);
    expect(some.stderr).toContain('BLOB_UNKNOWN');
    expect(existsSync(file('arm-layer'))).toBe(true);
  });

  test('asks where the name of the image says', async () => {
    const { folder, file, layout } = await stage();
    const other = await stage();
    const name = 'localhost:1/multi:1';
    await layout('tag', folder, 'v1', name);
    rmSync(file('amd-layer'));
    const { stderr } = await layout('repair', folder, '--max-wait', '1ms', '--no-cache');
    expect(stderr).toContain(name);
    await layout('repair', folder, '--from', `oci-layout:${other.folder}::`);
    expect((await layout('verify', folder)).code).toBe(0);
  });
});

test.each(['ls', 'resolve', 'gc', 'verify', 'repair'])(
  '%s of what is not there is an error',
  async (command) => {
    const { stdout, stderr, code } = await stowage(['layout', command, '/nowhere/at/all']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    expect(stderr).toBe('stowage: /nowhere/at/all: there is no such folder [NAME_UNKNOWN]\n');
    for (const more of ['oci-layout:/nowhere', `${tmpdir()}:v1`])
      expect((await stowage(['layout', command, more])).stderr).toContain('give the folder alone');
  },
);

test.each(['ls', 'resolve', 'gc', 'verify', 'repair'])(
  '%s of a folder that is no layout is an error',
  async (command) => {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const empty = await stowage(['layout', command, folder]);
    expect(empty.code).not.toBe(0);
    expect(empty.stderr).toMatch(new RegExp(`there is no layout in ${folder}|${folder} is no image layout`));
    writeFileSync(join(folder, 'other'), '');
    const other = await stowage(['layout', command, folder]);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(new RegExp(`layout of ${folder} is not valid|${folder} is no image layout`));
  },
);

test('errors name the folder, as every layout calls itself the same', async () => {
  const { folder, file, layout } = await stage();
  expect((await layout('resolve', folder, 'v2')).stderr).toContain(
    `manifest v2 is not in ${folder}: there is v1`,
  );
  expect((await layout('tag', folder, 'v2', 'v3')).stderr).toContain(`is not in ${folder}`);
  writeFileSync(file('index'), '{}');
  expect((await layout('gc', folder)).stderr).toContain(`stowage: the layout of ${folder} is not valid`);
});

test('a digest is no name', async () => {
  const { folder, layout } = await stage();
  const refused = { stderr: expect.stringContaining('is a digest') as unknown, code: 2 };
  expect(await layout('tag', folder, 'v1', multi.digest('index'))).toMatchObject(refused);
  expect(await layout('untag', folder, multi.digest('index'))).toMatchObject(refused);
});

test('a folder may begin with a dash, behind two dashes', async () => {
  const { stderr } = await stowage(['layout', 'ls', '--', '-folder']);
  expect(stderr).toBe('stowage: -folder: there is no such folder [NAME_UNKNOWN]\n');
});

test.each([
  ['m', 'manifest v1 is not in layout', 'manifest v1 is not in m'],
  ['images', 'images/index.json: the disk is full', 'images/index.json: the disk is full'],
  ['images', 'images is not there', 'images is not there'],
])('in the folder %s, "%s" is told with the folder, once', (folder, message, told) => {
  const { signal } = new AbortController();
  let stderr = '';
  const output = { write: (text: string) => void (stderr += text) };
  const process = { stdout: output, stderr: output, env: {}, exitCode: null };
  failIn({ process, signal }, folder, new RegistryError('UNKNOWN', message));
  expect(stderr).toBe(`stowage: ${told} [UNKNOWN]\n`);
});
