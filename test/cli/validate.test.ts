import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHandler, listen } from '../../src/server/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { pictured } from '../image/validate/images.ts';
import { specimens, spoilt } from '../image/validate/specimens.ts';
import { stowage } from './stowage.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-validate-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function file(document: object, name = 'document.json'): Promise<string> {
  const path = join(await folder(), name);
  await writeFile(path, JSON.stringify(document));
  return path;
}
const validate = (...words: readonly string[]) => stowage(['validate', '--no-cache', ...words]);
const bad = spoilt('index', { '/schemaVersion': 1, '/manifests/0/size': -1, '/artifactType': 'a/b' });

describe('a file', () => {
  test('with which nothing is wrong', async () => {
    const path = await file(specimens.index);
    expect(await validate(path)).toEqual({ stdout: '', stderr: `${path}: nothing is wrong\n`, code: 0 });
  });

  test('has a line for each problem', async () => {
    const path = await file(bad);
    expect(await validate(path)).toEqual({
      stdout:
        `${path} /schemaVersion: error: want 2, got 1\n` +
        `${path} /artifactType: warning: want none, got "a/b" (official)\n` +
        `${path} /manifests/0/size: error: want a whole number of bytes, got -1\n`,
      stderr: `${path}: 2 errors, 1 warning\n`,
      code: 6,
    });
  });

  test('warnings are no errors, unless they are to be', async () => {
    const path = await file(spoilt('image', { '/artifactType': 'a/b' }));
    expect(await validate(path)).toMatchObject({ code: 0, stderr: `${path}: 0 errors, 1 warning\n` });
    expect(await validate('--official', path)).toMatchObject({ code: 6 });
  });

  test('that is the index.json of a layout need not say platforms', async () => {
    const index = spoilt('index', { '/manifests/0/platform': undefined });
    expect(await validate('--official', await file(index, 'index.json'))).toMatchObject({ code: 0 });
    expect(await validate('--official', await file(index))).toMatchObject({ code: 6 });
  });

  test('--json: for programs', async () => {
    const path = await file(bad);
    const { stdout, stderr, code } = await validate('--json', path);
    expect({ stderr, code }).toEqual({ stderr: '', code: 6 });
    expect(stdout).toMatch(/^\{\n\t"place": /);
    expect(JSON.parse(stdout)).toMatchObject({
      place: path,
      valid: false,
      problems: [
        {
          severity: 'error',
          rule: 'must',
          document: '',
          pointer: '/schemaVersion',
          message: 'want 2, got 1',
        },
        { rule: 'official' },
        { pointer: '/manifests/0/size' },
      ],
    });
  });

  test('from standard input', async () => {
    const { stdout, code } = await stowage(['validate', '-'], { input: JSON.stringify(bad) });
    expect(stdout.split('\n')[0]).toBe('- /schemaVersion: error: want 2, got 1');
    expect(code).toBe(6);
  });
});

describe('a place', () => {
  test('in a registry: all that is below it', async () => {
    const registry = memoryRegistry();
    const g = pictured({ config: { architecture: 'amd64', os: 1 } });
    await g.push(registry, 'r', { tags: { 1: 'top' } });
    const server = await listen(createHandler(registry));
    onTestFinished(() => server.close());
    const host = new URL(server.url).host;
    const { stdout, stderr, code } = await validate(`${host}/r:1`);
    expect(g.named({ stdout }).stdout).toBe(`${host}/r:1@config /os: error: want a text, got 1\n`);
    expect({ stderr, code }).toEqual({ stderr: `${host}/r:1: 1 error, 0 warnings\n`, code: 6 });
    expect(await validate(`${host}/r:2`)).toMatchObject({ stdout: '', code: 3 });
  });

  test('that is a layout, by its folder, as a reference, and a tag in it', async () => {
    const path = await folder();
    const g = pictured();
    await g.push(singleLayout(path), 'layout', { tags: { 1: 'top' } });
    for (const target of [path, `oci-layout:${path}`, `oci-layout:${path}:1`])
      expect(await validate(target)).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/: (nothing is wrong|0 errors, .*)$/m),
      });
    await writeFile(join(path, 'blobs', g.digest('plain').replace(':', '/')), 'not this');
    const manifest = join(path, 'blobs', g.digest('image').replace(':', '/'));
    const { stdout, code } = await validate(path);
    expect(stdout).toContain(`${manifest} /layers/1/digest: error: expected`);
    expect(code).toBe(6);
    expect(await validate(`oci-layout:${path}:1`)).toMatchObject({ code: 6 });
    expect(await validate('--layers', `oci-layout:${path}:1`)).toMatchObject({ code: 6 });
  });
});

describe('--fix', () => {
  const shuffled = {
    manifests: [
      {
        size: 1234,
        digest: `sha256:${'a'.repeat(64)}`,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
      },
    ],
    mediaType: 'application/vnd.oci.image.index.v1+json',
    schemaVersion: 2,
  };
  const keysOf = (text: string): readonly string[] =>
    [...text.matchAll(/"(\w+)":/g)].map(([, key]) => key ?? '');
  const order = ['schemaVersion', 'mediaType', 'manifests', 'mediaType', 'digest', 'size'];

  test('writes a file in the canonical order, in place', async () => {
    const path = await file(shuffled);
    expect(await validate('--fix', path)).toMatchObject({ stdout: '', code: 0 });
    const text = await readFile(path, 'utf8');
    expect(keysOf(text)).toEqual(order);
    expect(text).toMatch(/^\{\n\t"schemaVersion": 2,[^]*\n\}\n$/);
    // The second time there is nothing to be done, and nothing is.
    const { ino } = await stat(path);
    expect((await validate('--fix', path)).stderr).toContain('is in the canonical order');
    expect((await stat(path)).ino).toBe(ino);
  });

  test('writes standard input to standard output', async () => {
    const { stdout, code } = await stowage(['validate', '--fix', '-'], { input: JSON.stringify(shuffled) });
    expect(keysOf(stdout)).toEqual(order);
    expect(code).toBe(0);
  });

  test('writes nothing of what is wrong', async () => {
    const path = await file(bad);
    const { stdout, stderr, code } = await validate('--fix', path);
    expect({ stdout, code }).toEqual({ stdout: '', code: 6 });
    expect(stderr).toContain('/schemaVersion: error: want 2, got 1');
    expect(stderr).toContain('nothing was written');
    expect(await readFile(path, 'utf8')).toBe(JSON.stringify(bad));
  });

  test.each([['localhost:1/r:1'], ['oci-layout:x'], [tmpdir()]])('2: not of %s', async (target) => {
    const { stdout, stderr, code } = await validate('--fix', target);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain('--fix is for a file');
  });

  test('2: not of what has no canonical order', async () => {
    expect(await validate('--fix', await file(specimens.layout))).toMatchObject({ stdout: '', code: 2 });
  });
});

describe('2: what cannot be validated', () => {
  test.each([
    ['no JSON', '{', /document\.json: not valid JSON/],
    ['a key that is there twice', '{"a":1,"a":2}', /duplicate key "a"/],
  ])('%s', async (_, text, why) => {
    const path = await file({});
    await writeFile(path, text);
    const { stdout, stderr, code } = await validate(path);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(why);
  });

  test.each([
    ['a file that is not there', 'nowhere/document.json'],
    ['a malformed reference', 'UPPER/x'],
    ['a malformed reference of a layout', 'oci-layout:'],
  ])('%s', async (_, target) => {
    expect(await validate(target)).toMatchObject({ stdout: '', code: 2 });
  });

  test('--layers of a file', async () => {
    expect(await validate('--layers', await file(specimens.image))).toMatchObject({ stdout: '', code: 2 });
  });
});
