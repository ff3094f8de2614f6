import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldersOf } from '../../../src/store/layout/folder.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { walk } from '../../../src/store/layout/walk.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, push, pushBlob } from './image.ts';

const folder = temporaryFolder();
const hex = 'a'.repeat(64);

test.each([
  ['x', 'x'],
  ['x/y', 'x/y'],
  ['blobs', 'blobs'],
  ['x/blobs', 'x/blobs'],
  ['x/blobs/y', 'x/_blobs/y'],
  ['blobs/blobs/blobs', '_blobs/_blobs/blobs'],
  ['x/blobs/sha256', 'x/_blobs/sha256'],
  [`x/blobs/sha256/${hex}`, `x/_blobs/sha256/${hex}`],
  ['x/index.json', 'x/_index.json'],
  ['x/index.json/y', 'x/_index.json/y'],
  ['oci-layout', '_oci-layout'],
  ['con', '_con'],
  ['nul.txt/com1', '_nul.txt/_com1'],
  ['console/com10', 'console/com10'],
])('%s lies in %s', (repository, path) => {
  expect(foldersOf(repository).join('/')).toBe(path);
});

describe('repositories that stand in one another', () => {
  const names = [
    'x',
    'x/blobs',
    'x/blobs/sha256',
    `x/blobs/sha256/${hex}`,
    'x/index.json',
    'x/oci-layout',
    'x/blobs/blobs',
    'x/y',
  ];

  test('do not meet', async () => {
    const registry = layoutRegistry(folder());
    for (const name of names) {
      await pushBlob(registry, name, config);
      await push(registry, name, image(name), 'v1');
    }
    expect(await all(registry.repositories())).toEqual([...names].sort());
    for (const name of names)
      expect(await (await registry.getManifest(name, 'v1')).text()).toBe(image(name).bytes.toString());
    expect((await readdir(join(folder(), 'x/blobs'))).sort()).toEqual([
      '.stowage',
      'blobs',
      'index.json',
      'oci-layout',
      'sha256',
    ]);
    expect((await readdir(join(folder(), 'x/blobs/sha256'))).length).toBe(2);
  });
});

describe('the walk', () => {
  const make = async (name: string): Promise<void> => {
    const path = join(folder(), ...foldersOf(name));
    await mkdir(path, { recursive: true });
    await Promise.all(['oci-layout', 'index.json'].map((file) => writeFile(join(path, file), '')));
  };

  test('gives all names in the order of their bytes, after any', async () => {
    const component = fc.constantFrom('a', 'a-b', 'a.b', 'a0', 'blobs', 'index.json', 'con', 'sha256');
    const name = fc
      .array(component, { minLength: 1, maxLength: 4 })
      .map((components) => components.join('/'));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 12 }), name, async (names, after) => {
        const root = join(folder(), String(run++));
        for (const each of names) {
          const path = join(root, ...foldersOf(each));
          await mkdir(path, { recursive: true });
          await Promise.all(['oci-layout', 'index.json'].map((file) => writeFile(join(path, file), '')));
        }
        expect(await all(walk(root))).toEqual([...names].sort());
        expect(await all(walk(root, { after }))).toEqual([...names].sort().filter((each) => each > after));
      }),
      { numRuns: 60 },
    );
  });

  test('passes over what is no repository', async () => {
    await make('x');
    // A literal `blobs` is not gone into, nor what starts with a dot; nor are names that are none, or lie elsewhere.
    for (const path of ['x/blobs/y', '.hidden/y', 'Upper', '_x', '_blobs', 'con', 'half']) {
      await mkdir(join(folder(), path), { recursive: true });
      await writeFile(join(folder(), path, 'oci-layout'), '');
      if (path !== 'half') await writeFile(join(folder(), path, 'index.json'), '');
    }
    await writeFile(join(folder(), 'file'), '');
    expect(await all(walk(folder()))).toEqual(['x']);
  });

  test('stops reading folders when it is left', async () => {
    await make('a/x');
    await make('b/x');
    for await (const name of walk(folder())) {
      expect(name).toBe('a/x');
      // Had it looked ahead, it would stumble over this one.
      await writeFile(join(folder(), 'b', 'late'), '');
      break;
    }
    const controller = new AbortController();
    const walking = walk(folder(), { signal: controller.signal });
    await walking.next();
    controller.abort();
    await expect(walking.next()).rejects.toThrow('abort');
  });

  test('of a folder that is not there is empty', async () => {
    expect(await all(layoutRegistry(join(folder(), 'missing')).repositories())).toEqual([]);
  });
});
