/** Who names a folder, a file, or a reference where another of them is wanted, is told what to write. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { adviceOnPath, adviceWhereThere } from '../../src/cli/local-advice.ts';
import { createPlaces } from '../../src/place/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';

/** A folder with a layout and an archive in it, both with v1 and docker.io/me/app:1, and a folder that is neither. */
async function stage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-paths-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const places = createPlaces();
  for (const reference of [`oci-layout:${folder}/images`, `oci-archive:${folder}/images.tar`]) {
    for (const name of [':::v1', '::me/app:1']) {
      const { registry, repository, tag = '' } = places.open(`${reference}${name}`);
      await multi.push(registry, repository, { tags: { [tag]: 'index' } });
    }
  }
  await places.commit();
  await places.close();
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'notes'), '');
  return folder;
}

describe('a path instead of a reference', () => {
  test.each([
    ['images', '; for the layout in the folder DIR/images, write oci-layout:DIR/images'],
    ['images/', '; for the layout in the folder DIR/images/, write oci-layout:DIR/images/'],
    ['images:v1', '; for the layout in the folder DIR/images, write oci-layout:DIR/images:v1'],
    ['images::me/app:1', '; for the layout in the folder DIR/images, write oci-layout:DIR/images::me/app:1'],
    ['images.tar', '; for the archive DIR/images.tar, write oci-archive:DIR/images.tar'],
    ['images.tar:v1', '; for the archive DIR/images.tar, write oci-archive:DIR/images.tar:v1'],
    ['notes', '; for an archive, write oci-archive:DIR/notes'],
    ['other', '; for the layout in a folder, write oci-layout:DIR/other'],
    ['missing.tar:v1', '; for an archive, write oci-archive:DIR/missing.tar:v1'],
    ['missing', '; for the layout in a folder, write oci-layout:DIR/missing'],
  ])('%s', async (path, advice) => {
    const folder = await stage();
    const { stderr, code } = await stowage(['lookup', `${folder}/${path}`]);
    expect(code).toBe(2);
    expect(stderr.replaceAll(folder, 'DIR')).toContain(`${advice} [REFERENCE_INVALID]`);
  });

  test('with the scheme that skopeo and podman have', async () => {
    const folder = await stage();
    expect(adviceWhereThere(`oci:${folder}/images:v1`)).toContain(`write oci-layout:${folder}/images:v1`);
  });

  test('is none, where nothing is there that it may mean', async () => {
    const folder = await stage();
    for (const reference of [
      'alpine',
      'alpine:3.20',
      `oci:${folder}/none`,
      `${folder}/other`,
      `${folder}/notes`,
    ])
      expect(adviceWhereThere(reference)).toBe('');
    expect(adviceOnPath('UPPER/x')).toBe('');
  });
});

describe('a file instead of a folder, or a folder instead of a file', () => {
  test.each([
    [
      'oci-layout',
      'images.tar',
      ':v1',
      'this is a file, and no folder with a layout in it; for the archive',
      'oci-archive',
    ],
    ['oci-archive', 'images', ':v1', 'this is a folder, and no archive; for the layout in it', 'oci-layout'],
    [
      'docker-archive',
      'images',
      '::docker.io/me/app:1',
      'this is a folder, and no archive; for the layout in it',
      'oci-layout',
    ],
  ])('%s:%s%s', async (scheme, path, name, why, right) => {
    const folder = await stage();
    const wrong = `${scheme}:${folder}/${path}${name}`;
    const told = expect.stringContaining(
      `${folder}/${path}: ${why}, write ${right}:${folder}/${path}${name} [NAME_UNKNOWN]`,
    ) as string;
    expect(await stowage(['lookup', wrong])).toEqual({ stdout: '', stderr: told, code: 3 });
    expect(await stowage(['copy', wrong, `oci-layout:${folder}/new`])).toEqual({
      stdout: '',
      stderr: told,
      code: 3,
    });
    expect(await stowage(['copy', `oci-layout:${folder}/images:v1`, wrong])).toEqual({
      stdout: '',
      stderr: told,
      code: 3,
    });
  });
});

describe('a path with colons is taken to end at one of them', () => {
  test.each([
    ['a:b', 'a:b', 'a:b::'],
    ['a::b', 'a::b', 'a::b::'],
    ['a::b', 'a::b:v1', 'a::b:::v1'],
    ['a::b', 'a::b/', 'a::b/::'],
    ['end:', 'end::v1', 'end:/:v1'],
    ['end:', 'end:', 'end:/'],
    ['plain', 'plain:', 'plain'],
  ])('folder %s, as oci-layout:%s', async (name, written, right) => {
    const folder = await stage();
    await multi.push(singleLayout(`${folder}/${name}`), 'layout', { tags: { v1: 'index' } });
    const { stderr, code } = await stowage(['lookup', `oci-layout:${folder}/${written}`]);
    expect(stderr).toContain(`, write oci-layout:${folder}/${right} [`);
    expect(code).not.toBe(0);
    const { stdout } = await stowage(['lookup', '--digest', `oci-layout:${folder}/${right}`]);
    expect(stdout).toBe(`${multi.digest('index')}\n`);
  });
});

test('a file with colons is no folder to be advised', async () => {
  const folder = await stage();
  await writeFile(join(folder, 'a:b'), '');
  const { stderr, code } = await stowage(['lookup', `oci-layout:${folder}/a:b`]);
  expect({ stderr, code }).toEqual({
    stderr: expect.stringContaining(`${folder}/a: there is no such folder [NAME_UNKNOWN]`) as string,
    code: 3,
  });
});

test.each(['oci-layout:DIR/images', 'oci-archive:DIR/images.tar'])(
  'what is not in %s, and what is there several times, is told with the place as the user wrote it, once',
  async (place) => {
    const folder = await stage();
    const from = place.replace('DIR', folder);
    const lookup = async (name: string): Promise<string> =>
      (await stowage(['lookup', `${from}${name}`])).stderr;
    expect(await lookup(':v2')).toMatch(
      `stowage: manifest v2 is not in ${from}: there is v1, docker.io/me/app:1 [`,
    );
    await stowage(['copy', `${from}:v1`, `${from}::me/other:1`, '--platform', 'linux/amd64']);
    expect(await lookup('::')).toMatch(`stowage: there are 2 images in ${from}, say which by`);
  },
);

test('a platform that an image lacks is told with the reference that the user wrote', async () => {
  const folder = await stage();
  const from = `oci-archive:${folder}/images.tar::`;
  const flags = ['--platform', 'linux/s390x'];
  expect((await stowage(['lookup', ...flags, from])).stderr).toBe(
    `stowage: ${from} has nothing for linux/s390x [MANIFEST_UNKNOWN]\n`,
  );
  expect((await stowage(['copy', ...flags, from, `oci-layout:${folder}/new`])).stderr).toBe(
    `stowage: ${from} has nothing for linux/s390x; it has linux/amd64, linux/arm64 [MANIFEST_UNKNOWN]\n`,
  );
});

describe('serve', () => {
  test.each([
    [
      'images.tar',
      'is a file, and no folder; for the archive DIR/images.tar, write oci-archive:DIR/images.tar',
    ],
    ['notes', 'is a file, and no folder; for an archive, write oci-archive:DIR/notes'],
  ])('2: the file %s', async (name, why) => {
    const folder = await stage();
    const { stdout, stderr, code } = await stowage(['serve', '--port', '0', `${folder}/${name}`]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr.replaceAll(folder, 'DIR')).toBe(`stowage: DIR/${name} ${why}\n`);
  });

  test.each(['alpine:3.20', 'localhost:5000/x', 'oci:images'])('2: the reference %s', async (reference) => {
    const { stdout, stderr, code } = await stowage(['serve', '--port', '0', reference]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(`for a folder of that name, write ./${reference}`);
  });

  test.each([':v1', '::me/app:1'])('2: one image, %s, of a layout, as all are served', async (name) => {
    const folder = await stage();
    const { stdout, stderr, code } = await stowage([
      'serve',
      '--port',
      '0',
      `oci-layout:${folder}/images${name}`,
    ]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(`write oci-layout:${folder}/images [REFERENCE_INVALID]`);
  });
});
