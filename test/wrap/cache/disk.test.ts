import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf, mediaTypes, type Descriptor } from '../../../src/oci/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import {
  cached,
  diskCache,
  listCache,
  pruneCache,
  registryCacheFolder,
  verifyCache,
  type CacheEvent,
  type CacheStore,
} from '../../../src/wrap/cache/index.ts';
import { failure } from '../../registry/streams.ts';
import { bytes, named } from '../../oci/words.ts';
import { newFolder } from './folder.ts';
import { A, B, elsewhere, note } from './store-contract.ts';

const HOUR = 3_600_000;
const descriptorOf = (text: string): Descriptor => ({
  mediaType: mediaTypes.octetStream,
  digest: named(text),
  size: text.length,
});

/** Keeps a blob as a read of it does. */
async function keep(store: CacheStore, text: string, scope = A): Promise<void> {
  await store.setContent(scope.namespace, named(text), bytes(text));
  await note(store, scope, descriptorOf(text));
}

const contentOf = (store: CacheStore, text: string): Promise<Uint8Array | undefined> =>
  store.content(A.namespace, named(text), text.length);

/** All files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The one file below a folder whose path has this in it. */
async function fileOf(folder: string, part: string): Promise<string> {
  const [path, ...others] = (await filesIn(folder)).filter((each) => each.includes(part));
  if (path === undefined || others.length > 0) throw new Error(`not one file of ${part}`);
  return path;
}

/** Makes a file look as if it had not been used for a while. */
async function age(path: string, milliseconds: number): Promise<void> {
  const time = (Date.now() - milliseconds) / 1000;
  await utimes(path, time, time);
}

test('only its owner may look into it, and names from outside are no paths', async () => {
  const folder = join(await newFolder(), 'cache');
  const store = diskCache(folder);
  const scope = { namespace: '../../etc\0', repository: 'a/b' };
  await keep(store, 'text', scope);
  await store.setTag(scope, '..', { digest: named('text'), at: 1 }, '').catch(() => {});
  await store.setTag(scope, 'v1', { digest: named('text'), at: 1 }, '');
  await store.clearTag(scope, 'v2');
  const paths = (await readdir(folder, { recursive: true })).toSorted();
  expect(
    paths.every((path) => /^[a-z]+(?:\/[0-9a-f-]+|\/sha256)*$/.test(path)),
    paths.join(' '),
  ).toBe(true);
  for (const path of [folder, ...paths.map((each) => join(folder, each))]) {
    const found = await stat(path);
    expect(found.mode & 0o777, path).toBe(found.isDirectory() ? 0o700 : 0o600);
  }
});

test('nothing is made, or looked for, before the first thing is kept', async () => {
  const folder = join(await newFolder(), 'cache');
  const store = diskCache(folder);
  expect(await store.descriptor(A, 'blobs', named('x'))).toBeUndefined();
  await store.close();
  expect(await readdir(join(folder, '..'))).toEqual([]);
  expect(await listCache(folder)).toEqual({ repositories: [], files: 0, size: 0 });
  expect(await pruneCache(folder)).toMatchObject({ removed: 0, kept: 0 });
  expect(await verifyCache(folder)).toEqual({ checked: 0, size: 0, removed: [] });
});

describe('what is not as it was written', () => {
  test.each([
    ['cut off', (text: string) => text.slice(0, -20)],
    ['empty, after the machine crashed', () => ''],
    ['changed', (text: string) => text.replace('"size":4', '"size":5')],
    ['no entry at all', () => 'x'.repeat(10_000)],
  ])('an entry %s is an error once, and then not there', async (_, change) => {
    const folder = await newFolder();
    const store = diskCache(folder);
    await keep(store, 'text');
    const path = await fileOf(folder, 'entries');
    await writeFile(path, change(await readFile(path, 'utf8')));
    expect(await failure(store.descriptor(A, 'blobs', named('text')))).toMatchObject({
      code: 'BLOB_CORRUPT',
    });
    expect(await store.descriptor(A, 'blobs', named('text'))).toBeUndefined();
  });

  test('an entry in the place of another one is not taken for it', async () => {
    const folder = await newFolder();
    const [mine, theirs] = [diskCache(join(folder, 'mine')), diskCache(join(folder, 'theirs'))];
    await keep(mine, 'text', A);
    await keep(theirs, 'text', B);
    const [from, to] = [
      await fileOf(join(folder, 'mine'), 'entries'),
      await fileOf(join(folder, 'theirs'), 'entries'),
    ];
    await writeFile(to, await readFile(from));
    expect(await failure(theirs.descriptor(B, 'blobs', named('text')))).toMatchObject({
      code: 'BLOB_CORRUPT',
    });
  });

  test('verify finds it all, and removes it', async () => {
    const folder = await newFolder();
    const store = diskCache(folder);
    for (const text of ['one', 'two', 'three', 'four']) await keep(store, text);
    expect(await verifyCache(folder)).toEqual({
      checked: 8,
      size: expect.any(Number) as number,
      removed: [],
    });
    const path = await fileOf(folder, named('two').slice(7));
    await writeFile(path, 'twO');
    const entries = (await filesIn(join(folder, 'entries'))).slice(0, 2);
    for (const entry of entries) await writeFile(entry, 'nonsense');
    await writeFile(join(folder, 'content', 'README'), 'what somebody else put there');
    const { removed } = await verifyCache(folder);
    expect(removed).toHaveLength(4);
    expect(removed.some((each) => each.includes(named('two').slice(7)))).toBe(true);
    expect((await verifyCache(folder)).removed).toEqual([]);
    expect(await contentOf(store, 'two')).toBeUndefined();
    expect(await contentOf(store, 'one')).toBeDefined();
  });
});

test('where nothing can be written, the registry is asked, and the event says why', async () => {
  const file = join(await newFolder(), 'file');
  await writeFile(file, '');
  const origin = memoryRegistry();
  await origin.pushBlob('r', descriptorOf('text'), bytes('text'));
  const told: CacheEvent[] = [];
  const registry = cached(origin, diskCache(file), { onEvent: (event) => told.push(event) });
  for (const _ of [1, 2]) expect(await (await registry.getBlob('r', named('text'))).text()).toBe('text');
  const reason = expect.stringMatching(/^(?:ENOTDIR|EEXIST): /) as string;
  expect(told).toMatchObject(
    [1, 2].flatMap(() => [{ outcome: 'miss' }, { outcome: 'error', operation: 'getBlob', reason }]),
  );
});

describe('room', () => {
  test('what was used least recently goes [row 128]', async () => {
    const folder = await newFolder();
    const store = diskCache(folder);
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(10_000));
    for (const text of texts) await store.setContent(A.namespace, named(text), bytes(text));
    const [a = '', b = '', c = '', d = ''] = texts;
    for (const [text, hours] of [
      [a, 5],
      [b, 9],
      [c, 2],
      [d, 7],
    ] as const)
      await age(await fileOf(folder, named(text).slice(7)), hours * HOUR);
    // Reading is using; then b and d are the oldest.
    expect(await contentOf(store, a)).toBeDefined();
    expect(await pruneCache(folder, { maxSize: 3 * 12_288 })).toEqual({
      removed: 1,
      freed: 12_288,
      kept: 3,
      size: 3 * 12_288,
    });
    expect(await contentOf(store, b)).toBeUndefined();
    expect(await pruneCache(folder, { maxSize: 30_000 })).toMatchObject({ removed: 1, kept: 2 });
    expect(
      await Promise.all(texts.map(async (text) => (await contentOf(store, text)) !== undefined)),
    ).toEqual([true, false, true, false]);
  });

  test('what is too old goes, and what killed processes left, but not what is being written', async () => {
    const folder = await newFolder();
    const store = diskCache(folder);
    await keep(store, 'old');
    for (const path of await filesIn(folder)) await age(path, 40 * 24 * HOUR);
    await keep(store, 'new');
    await store.clearTag(A, 'v1');
    const beside = await fileOf(folder, named('new').slice(7));
    await writeFile(`${beside}.1.tmp`, 'left behind');
    await age(`${beside}.1.tmp`, 2 * HOUR);
    await writeFile(`${beside}.2.tmp`, 'half of i');
    expect(await pruneCache(folder, { olderThan: 30 * 24 * HOUR })).toMatchObject({ removed: 3, kept: 2 });
    expect((await filesIn(folder)).filter((path) => path.endsWith('.tmp'))).toEqual([`${beside}.2.tmp`]);
    expect(await contentOf(store, 'new')).toBeDefined();
    expect(await store.descriptor(A, 'blobs', named('old'))).toBeUndefined();
    await age(await fileOf(folder, 'epochs'), 25 * HOUR);
    expect(await pruneCache(folder)).toMatchObject({ removed: 1, kept: 2 });
  });

  test('the cache makes it by itself, while others read and write [row 128]', async () => {
    const folder = await newFolder();
    const maxSize = 400_000;
    const stores = [diskCache(folder, { maxSize }), diskCache(folder, { maxSize })];
    await Promise.all(
      stores.map(async (store, which) => {
        for (let at = 0; at < 150; at++) {
          const text = `${which} ${at} `.repeat(1000);
          await keep(store, text);
          const content = await contentOf(store, `${which} ${at >> 1} `.repeat(1000));
          if (content !== undefined)
            expect(digestOf(content)).toBe(named(`${which} ${at >> 1} `.repeat(1000)));
        }
      }),
    );
    await Promise.all(stores.map((store) => store.close()));
    const { size } = await listCache(folder);
    expect(size).toBeLessThan(maxSize * 1.3);
    expect(size).toBeGreaterThan(maxSize * 0.5);
    expect((await verifyCache(folder)).removed).toEqual([]);
  });

  test('use is noted once an hour, not at each read', async () => {
    const folder = await newFolder();
    const store = diskCache(folder);
    await keep(store, 'text');
    const path = await fileOf(folder, named('text').slice(7));
    await age(path, 0.9 * HOUR);
    const before = (await stat(path)).mtimeMs;
    await contentOf(store, 'text');
    expect((await stat(path)).mtimeMs).toBe(before);
    await age(path, 1.1 * HOUR);
    await contentOf(store, 'text');
    expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(60_000);
    // To list is not to use.
    await age(path, 2 * HOUR);
    await listCache(folder);
    await verifyCache(folder);
    expect(Date.now() - (await stat(path)).mtimeMs).toBeGreaterThan(HOUR);
  });
});

test('a list of what is kept, by repository', async () => {
  const folder = await newFolder();
  const store = diskCache(folder);
  await keep(store, 'one', A);
  await keep(store, 'two', A);
  await note(
    store,
    A,
    { ...descriptorOf('two'), mediaType: mediaTypes.ociManifest },
    named('two'),
    'manifests',
  );
  await note(store, A, descriptorOf('a large one, of which only the size is known'));
  await keep(store, 'two', B);
  await store.setTag(B, 'v1', { digest: named('two'), at: 1 }, await store.epoch(B));
  await note(store, elsewhere, descriptorOf('one'));
  const { repositories, files } = await listCache(folder);
  expect(repositories).toEqual([
    { ...elsewhere, tags: 0, manifests: 0, blobs: 1, size: 0 },
    { ...A, tags: 0, manifests: 1, blobs: 3, size: 6 },
    { ...B, tags: 1, manifests: 0, blobs: 1, size: 3 },
  ]);
  expect(files).toBe(2 + 4 + 2 + 1);
});

test('the folder of the command line', () => {
  expect(registryCacheFolder({ environment: { STOWAGE_CACHE: '/c' } })).toBe(join('/c', 'registry'));
});
