import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withLock } from '../../../src/disk/index.ts';
import { annotations, mediaTypes, type Descriptor } from '../../../src/oci/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import {
  collectGarbage,
  layoutRegistry,
  singleLayout,
  type CollectEvent,
  type CollectOptions,
} from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, index, pathOf, piece, push, pushBlob, type Piece } from './image.ts';

const HOUR = 60 * 60_000;
const folder = temporaryFolder();
let registry: Registry;
beforeEach(() => {
  registry = singleLayout(folder());
});
afterEach(() => {
  vi.useRealTimers();
});

const layer = (text: string): Piece => piece(text, 'application/vnd.oci.image.layer.v1.tar');
const imageOf = (name: string, layers: readonly Piece[], more = {}): Piece =>
  image(name, { layers: layers.map(({ descriptor }) => descriptor), ...more });

/** Collects with an hour's grace, two hours from now: nobody can set a file's ctime back. */
async function collect(options: CollectOptions = {}) {
  const events: CollectEvent[] = [];
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR });
  try {
    const collected = await collectGarbage(folder(), { ...options, onEvent: (event) => events.push(event) });
    return { ...collected, events };
  } finally {
    vi.useRealTimers();
  }
}

const isThere = ({ descriptor }: Piece): boolean => existsSync(join(folder(), pathOf(descriptor.digest)));

async function pushImage(
  name: string,
  layers: readonly Piece[],
  more = {},
  ...tags: string[]
): Promise<Piece> {
  for (const blob of [config, ...layers]) await pushBlob(registry, 'layout', blob);
  const made = imageOf(name, layers, more);
  await push(registry, 'layout', made, ...tags);
  return made;
}

/** Writes `index.json`, as another tool does. */
async function writeIndex(...entries: readonly Descriptor[]): Promise<void> {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries };
  await writeFile(join(folder(), 'index.json'), JSON.stringify(document));
}

async function put({ bytes, descriptor }: Piece): Promise<void> {
  await mkdir(join(folder(), 'blobs/sha256'), { recursive: true });
  await writeFile(join(folder(), pathOf(descriptor.digest)), bytes);
}

describe('what stays', () => {
  test('[layout 61] [row 137] all that index.json leads to: configs, layers, indexes in one another', async () => {
    const [one, two, gone] = [layer('one'), layer('two'), layer('gone')];
    const inner = await pushImage('amd64', [one]);
    const outer = index([index([inner]), await pushImage('arm64', [two])]);
    await push(registry, 'layout', index([inner]));
    await push(registry, 'layout', outer, 'v1');
    await pushImage('deleted', [gone, one], {}, 'old');
    await registry.deleteManifest('layout', imageOf('deleted', [gone, one]).descriptor.digest);

    const { removed, kept, young, events } = await collect();
    expect(events).toEqual([
      { type: 'blob', repository: 'layout', digest: gone.descriptor.digest, size: gone.bytes.length },
    ]);
    expect([removed.count, kept.count, young.count]).toEqual([1, 7, 0]);
    expect([one, two, config, inner, outer].every(isThere)).toBe(true);
    expect(isThere(gone)).toBe(false);
  });

  test('referrers of what stays, and what they refer to, entered or not', async () => {
    const base = await pushImage('base', [], {}, 'v1');
    const signature = layer('signature');
    const signed = await pushImage('signed', [signature], { subject: base.descriptor });
    const note = layer('note');
    const noted = imageOf('noted', [note], { subject: signed.descriptor });
    // Another tool wrote this one, and did not enter it.
    for (const each of [note, noted]) await put(each);
    const stranger = imageOf('stranger', [], { subject: image('nobody').descriptor });
    await put(stranger);

    const { events } = await collect({ unnamed: true });
    expect(events.map((event) => 'digest' in event && event.digest)).toEqual([stranger.descriptor.digest]);
    expect([signed, signature, noted, note].every(isThere)).toBe(true);
    expect(await all(registry.referrers('layout', base.descriptor.digest))).toHaveLength(1);
  });

  test('what BuildKit lists as layers in the index of a cache', async () => {
    const [cacheLayer, cacheConfig] = [
      layer('cache'),
      piece('{}', 'application/vnd.buildkit.cacheconfig.v0'),
    ];
    const cache = index([cacheLayer, cacheConfig]);
    for (const each of [cacheLayer, cacheConfig, cache, layer('other')]) await put(each);
    await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeIndex({ ...cache.descriptor, annotations: { [annotations.refName]: 'a' } });
    expect((await collect()).removed.count).toBe(1);
    expect([cacheLayer, cacheConfig, cache].every(isThere)).toBe(true);
  });

  test('what a manifest leads to that is a mere layer to another one', async () => {
    const held = layer('held');
    const inner = await pushImage('inner', [held]);
    const wrapping = imageOf('wrapping', [piece(inner.bytes, 'application/vnd.oci.image.layer.v1.tar')]);
    const outer = index([inner]);
    for (const each of [wrapping, outer]) await put(each);
    await writeIndex(wrapping.descriptor, outer.descriptor);
    expect((await collect()).removed.count).toBe(0);
    expect(isThere(held)).toBe(true);
  });

  test('every digest that stands in a document of a type that we do not know', async () => {
    const held = layer('held');
    const odd = piece(JSON.stringify({ parts: { first: held.descriptor.digest } }), 'application/vnd.x+json');
    await pushImage('base', [], {}, 'v1');
    for (const each of [held, odd]) await put(each);
    const { manifests } = JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8')) as {
      manifests: Descriptor[];
    };
    await writeIndex(...manifests, odd.descriptor);
    expect((await collect()).removed.count).toBe(0);
    expect([held, odd].every(isThere)).toBe(true);
  });

  test('what is younger than the grace, with what it leads to', async () => {
    await pushImage('base', [], {}, 'v1');
    const [found, fresh] = [layer('found'), layer('fresh')];
    await put(found);
    const unentered = imageOf('unentered', [found]);
    await put(fresh);
    await put(unentered);
    expect((await collectGarbage(folder())).young.count).toBe(3);
    // The layer alone is old: but the manifest is not, that a tool without our lock is about to enter.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR });
    const now = new Date();
    await utimes(join(folder(), pathOf(unentered.descriptor.digest)), now, now);
    const { young, removed } = await collectGarbage(folder());
    expect([young.count, removed.count]).toEqual([2, 1]);
    expect([found, unentered].every(isThere)).toBe(true);
    expect(isThere(fresh)).toBe(false);
    expect((await collectGarbage(folder(), { grace: 0 })).removed.count).toBe(2);
  });
});

test('referrers of what is younger than the grace stay with it', async () => {
  await pushImage('base', [], {}, 'v1');
  const [fresh, note] = [imageOf('fresh', []), layer('note')];
  const noted = imageOf('noted', [note], { subject: fresh.descriptor });
  const again = imageOf('again', [], { subject: noted.descriptor });
  for (const each of [fresh, note, noted, again]) await put(each);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR });
  const now = new Date();
  await utimes(join(folder(), pathOf(fresh.descriptor.digest)), now, now);
  const { young, removed } = await collectGarbage(folder());
  expect([young.count, removed.count]).toEqual([4, 0]);
  expect([noted, note, again].every(isThere)).toBe(true);
});

describe('what goes', () => {
  test('manifests without a name, when asked, and their entries first', async () => {
    const shared = layer('shared');
    await pushImage('named', [shared], {}, 'v1');
    const nameless = await pushImage('nameless', [shared, layer('own')]);
    expect((await collect()).removed.count).toBe(0);

    const { entries, removed, events } = await collect({ unnamed: true });
    expect([entries, removed.count]).toEqual([1, 2]);
    expect(events[0]).toMatchObject({ type: 'entry', descriptor: { digest: nameless.descriptor.digest } });
    expect([isThere(nameless), isThere(shared)]).toEqual([false, true]);
    await expect(registry.getManifest('layout', nameless.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  test('nothing, in a dry run, which tells the same', async () => {
    await pushImage('named', [], {}, 'v1');
    await pushImage('nameless', [layer('own')]);
    const before = await readdir(folder(), { recursive: true });
    const planned = await collect({ unnamed: true, dryRun: true });
    expect(await readdir(folder(), { recursive: true })).toEqual(before);
    expect(await collect({ unnamed: true })).toEqual(planned);
  });

  test('what killed processes and other tools left, once it is old', async () => {
    await pushImage('base', [], {}, 'v1');
    const upload = await registry.startUpload('layout');
    await upload.write(Buffer.from('some'));
    await upload.suspend();
    await mkdir(join(folder(), 'ingest/0123'), { recursive: true });
    await writeFile(join(folder(), 'ingest/0123/data'), 'some of a blob');
    await writeFile(join(folder(), 'oci-put-blob123456'), 'some');
    await writeFile(join(folder(), 'notes.txt'), 'ours');
    await writeFile(join(folder(), '.stowage/tmp/0123'), 'some');

    expect((await collect()).leftovers.count).toBe(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * HOUR });
    const { leftovers } = await collectGarbage(folder());
    expect(leftovers.count).toBe(3);
    expect(await readdir(folder())).toEqual([
      '.stowage',
      'blobs',
      'index.json',
      'ingest',
      'notes.txt',
      'oci-layout',
    ]);
    expect(await readdir(join(folder(), 'ingest'))).toEqual([]);
    expect(await readdir(join(folder(), '.stowage/uploads'))).toEqual([]);
  });

  test('from all repositories of a folder, and from what they share', async () => {
    const many = layoutRegistry(folder());
    const blob = layer('shared');
    for (const name of ['a/b', 'c']) {
      await pushBlob(many, name, config);
      await push(many, name, image('base'), 'v1');
      await pushBlob(many, name, blob);
    }
    const pool = join(folder(), '.stowage/pool', blob.descriptor.digest.replace(':', '/'));
    expect((await stat(pool)).nlink).toBe(3);
    const { removed, events } = await collect();
    expect(removed.count).toBe(2);
    expect(events.map(({ repository }) => repository)).toEqual(['a/b', 'c']);
    expect(existsSync(pool)).toBe(false);
    expect(await all(many.tags('a/b'))).toEqual(['v1']);

    // A process was killed between the two links.
    await writeFile(pool, blob.bytes);
    expect((await collect()).leftovers).toEqual({ count: 1, size: blob.bytes.length });
  });
});

describe('it removes nothing when it cannot read all that is listed', () => {
  const stray = layer('stray');
  beforeEach(async () => {
    await pushImage('base', [], {}, 'v1');
    await put(stray);
  });
  const base = image('base').descriptor.digest;

  test.each([
    [
      'index.json is cut off',
      () => writeFile(join(folder(), 'index.json'), '{"schemaVersion":2,'),
      /index\.json/,
    ],
    ['index.json is gone', () => rm(join(folder(), 'index.json')), /index\.json/],
    ['a manifest has other bytes', () => writeFile(join(folder(), pathOf(base)), '{}'), /sha256\/.*digest/],
    ['a manifest is missing that index.json names', () => rm(join(folder(), pathOf(base))), /is missing/],
    [
      'a manifest is a link',
      async () => {
        await rename(join(folder(), pathOf(base)), join(folder(), 'elsewhere'));
        await symlink(join(folder(), 'elsewhere'), join(folder(), pathOf(base)));
      },
      /not a regular file/,
    ],
    [
      'a manifest is malformed',
      async () => {
        const odd = piece('{"schemaVersion":2,"manifests":{}}', mediaTypes.ociIndex);
        await put(odd);
        await writeIndex(odd.descriptor);
      },
      /want a list of descriptors/,
    ],
  ])('%s', async (_, damage, message) => {
    await damage();
    await expect(collect()).rejects.toThrow(message);
    expect(isThere(stray)).toBe(true);
  });

  test('but a child that an index does not have may be missing', async () => {
    const sparse = index([image('base'), image('not copied')]);
    await put(sparse);
    await writeIndex(sparse.descriptor);
    expect((await collect()).removed.count).toBe(1);
  });

  test.each([
    ['is not there', 'missing', 'NAME_UNKNOWN'],
    ['is no layout', '.stowage', 'LAYOUT_INVALID'],
  ])('a folder that %s is an error', async (_, name, code) => {
    await expect(collectGarbage(join(folder(), name))).rejects.toMatchObject({ code });
  });
});

describe('beside writers', () => {
  test('a manifest is refused whose layer was collected since it was looked at', async () => {
    await pushImage('base', [], {}, 'v1');
    const late = layer('late');
    await pushBlob(registry, 'layout', late);
    let pushing: Promise<unknown> = Promise.resolve();
    await withLock(join(folder(), '.stowage/lock'), async () => {
      // It looks whether the layer is there, writes itself, and waits for the lock.
      pushing = push(registry, 'layout', imageOf('late', [late]), 'late');
      pushing.catch(() => {});
      while (!isThere(imageOf('late', [late]))) await new Promise((resolve) => setImmediate(resolve));
      await rm(join(folder(), pathOf(late.descriptor.digest)));
    });
    await expect(pushing).rejects.toMatchObject({
      code: 'MANIFEST_BLOB_UNKNOWN',
      detail: [late.descriptor.digest],
    });
    expect(await all(registry.tags('layout'))).toEqual(['v1']);
    await pushBlob(registry, 'layout', late);
    await push(registry, 'layout', imageOf('late', [late]), 'late');
  });

  test.each([
    ['pushed', () => pushBlob(registry, 'layout', layer('again'))],
    ['mounted', () => registry.mountBlob('layout', layer('again').descriptor.digest)],
    [
      'uploaded',
      async () => {
        const upload = await registry.startUpload('layout');
        await upload.commit(layer('again').descriptor.digest, { chunk: layer('again').bytes });
      },
    ],
  ])('a blob that is there already counts as new when it is %s', async (_, again) => {
    await pushImage('base', [], {}, 'v1');
    await pushBlob(registry, 'layout', layer('again'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR });
    await again();
    expect((await collectGarbage(folder())).removed.count).toBe(0);
    expect(isThere(layer('again'))).toBe(true);
  });

  test(
    'many at once that push, delete and collect lose nothing that is entered',
    { timeout: 60_000 },
    async () => {
      await pushImage('base', [], {}, 'base');
      const layers = Array.from({ length: 6 }, (_, at) => layer(`layer ${at}`));
      let refused = 0;
      const write = async (writer: number): Promise<void> => {
        const own = singleLayout(folder());
        for (let round = 0; round < 12; round++) {
          const some = layers.filter((_, at) => (at + round + writer) % 3 !== 0);
          const made = imageOf(`${writer}`, some);
          try {
            for (const blob of [config, ...some]) await pushBlob(own, 'layout', blob);
            await push(own, 'layout', made, `w${writer}`);
          } catch (error) {
            // There is hardly any grace here: who is too late is told so, and begins again.
            expect(error).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
            refused++;
            round--;
            continue;
          }
          for (const { digest } of some.map(({ descriptor }) => descriptor))
            await (await own.getBlob('layout', digest)).bytes();
          if (round % 2 === 0) await own.deleteManifest('layout', made.descriptor.digest);
        }
      };
      const state = { done: false };
      let [collections, count] = [0, 0];
      const sweep = async (): Promise<void> => {
        for (; !state.done; collections++) {
          const { removed } = await collectGarbage(folder(), { grace: 25, unnamed: true });
          count += removed.count;
        }
      };
      const sweeping = [sweep(), sweep()];
      await Promise.all([0, 1, 2].map(write)).finally(() => (state.done = true));
      await Promise.all(sweeping);
      expect(collections).toBeGreaterThan(5);
      expect(count).toBeGreaterThan(10);
      expect(refused).toBeLessThan(1000);
      expect(await all(registry.tags('layout'))).toEqual(['base', 'w0', 'w1', 'w2']);
    },
  );
});
