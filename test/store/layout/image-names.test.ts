import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Compatibility } from '../../../src/layout-index/index.ts';
import { annotations, digestOf, mediaTypes } from '../../../src/oci/index.ts';
import { singleLayout } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, entry, image, index, pathOf, push, pushBlob, type Piece } from './image.ts';

const folder = temporaryFolder();
const open = (): ReturnType<typeof singleLayout> => singleLayout(folder());
const full = 'docker.io/library/alpine:3.16';
const a = image('a');
const b = image('b');

/** A layout as another tool may have written it. */
async function write(entries: readonly unknown[], ...pieces: readonly Piece[]): Promise<void> {
  await mkdir(join(folder(), 'blobs/sha256'), { recursive: true });
  await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
  for (const { descriptor, bytes } of [config, ...pieces])
    await writeFile(join(folder(), pathOf(descriptor.digest)), bytes);
}

/** The entries of `index.json` as they stand in the file: digest, `io.containerd.image.name`, `ref.name`. */
async function written(): Promise<readonly unknown[]> {
  const { manifests } = JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  return manifests.map(({ digest, annotations: said }) => [
    digest,
    said?.[annotations.imageName],
    said?.[annotations.refName],
  ]);
}

function named(piece: Piece, name: string, ref?: string): Record<string, unknown> {
  const both = { [annotations.imageName]: name, ...(ref !== undefined && { [annotations.refName]: ref }) };
  return { ...piece.descriptor, annotations: both };
}

describe('reading', () => {
  test('[layout 1, 2] where there is no layout, nothing has a name', async () => {
    const { names } = open();
    expect(await names.entries()).toEqual([]);
    await expect(names.resolve({ tag: 'v1' })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    const missing = singleLayout(join(folder(), 'missing')).names;
    await expect(missing.resolve({})).rejects.toMatchObject({ code: 'NAME_UNKNOWN', status: 404 });
    // Nothing is made by looking.
    await expect(stat(join(folder(), 'missing'))).rejects.toThrow('ENOENT');
  });

  test('[layout 3] a broken index.json is said to be broken', async () => {
    await write([]);
    await writeFile(join(folder(), 'index.json'), '{');
    const broken = {
      code: 'LAYOUT_INVALID',
      message: expect.stringContaining('index.json: not valid JSON') as unknown,
    };
    await expect(open().names.resolve({ tag: 'v1' })).rejects.toMatchObject(broken);
  });

  test('[layout 4, 5] a layout says that it is one, and of which version', async () => {
    await write([entry(a, 'v1')], a);
    await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await expect(open().names.resolve({ tag: 'v1' })).rejects.toThrow(
      'oci-layout: /imageLayoutVersion: must be "1.0.0"',
    );
    await rm(join(folder(), 'oci-layout'));
    await expect(open().names.resolve({ tag: 'v1' })).rejects.toThrow('oci-layout: it is missing');
  });

  test('[layout 20, 22] a digest that index.json does not list is found where an index leads to it', async () => {
    const inner = index([a, b]);
    await write([entry(inner, 'v1')], a, b, inner);
    const { names } = open();
    expect(await names.resolve({ digest: a.descriptor.digest })).toEqual(a.descriptor);
    expect(await names.resolve({ name: `x@${b.descriptor.digest}` })).toEqual(b.descriptor);
    // What nothing leads to is a blob, and no image.
    await expect(names.resolve({ digest: config.descriptor.digest })).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  test('[layout 25] names are those of index.json, and not of indexes further down', async () => {
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [named(a, full, '3.16'), named(b, 'docker.io/library/b:1', 'v1')],
    };
    const bytes = Buffer.from(JSON.stringify(document));
    const inner: Piece = {
      bytes,
      descriptor: { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length },
    };
    await write([entry(inner, 'v1'), entry(b, 'b')], a, b, inner);
    const registry = open();
    expect((await registry.resolveManifest('layout', 'v1')).digest).toBe(inner.descriptor.digest);
    for (const query of [{ tag: '3.16' }, { name: full }])
      await expect(registry.names.resolve(query)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(await all(registry.tags('layout'))).toEqual(['b', 'v1']);
  });

  test.each([
    ['[matrix a]', named(a, full, '3.16')],
    ['[matrix b]', entry(a, 'alpine:3.16')],
    ['[matrix c]', entry(a, full)],
    ['[matrix d]', entry(a, '3.16')],
    ['[matrix e]', entry(a, 'index.docker.io/library/alpine:3.16')],
    ['[matrix f]', named(a, full)],
  ])('%s is found by its tag through the registry', async (_, first) => {
    await write([first, entry(b, 'b')], a, b);
    const registry = open();
    expect((await registry.resolveManifest('layout', '3.16')).digest).toBe(a.descriptor.digest);
    expect(await (await registry.getManifest('layout', '3.16')).bytes()).toEqual(a.bytes);
    expect(await all(registry.tags('layout'))).toEqual(['3.16', 'b']);
    // A tag that was pushed means what was pushed, whatever had it.
    await push(registry, 'layout', image('c'), '3.16');
    expect((await registry.resolveManifest('layout', '3.16')).digest).toBe(image('c').descriptor.digest);
  });

  test('[layout 12] a tag of two images is refused, with both', async () => {
    await write([named(a, 'docker.io/a/x:v1', 'v1'), named(b, 'docker.io/b/x:v1', 'v1')], a, b);
    const registry = open();
    for (const ask of [registry.getManifest('layout', 'v1'), registry.deleteManifest('layout', 'v1')])
      await expect(ask).rejects.toMatchObject({
        code: 'REFERENCE_AMBIGUOUS',
        status: 409,
        detail: [a.descriptor.digest, b.descriptor.digest],
        message: expect.stringContaining('docker.io/a/x:v1') as unknown,
      });
    const other = (compatibility: Compatibility): Promise<unknown> =>
      registry.names.resolve({ tag: 'v1' }, { compatibility });
    expect(await other('skopeo')).toMatchObject(a.descriptor);
    expect(await other('oras')).toMatchObject(b.descriptor);
  });
});

describe('writing', () => {
  test('a manifest is pushed under its names in one change', async () => {
    const registry = open();
    await pushBlob(registry, 'layout', config);
    const { mediaType, digest } = a.descriptor;
    const before = (await stat(join(folder(), 'index.json'))).ino;
    const pushed = await registry.names.pushManifest(a.bytes, {
      mediaType,
      names: [{ name: 'alpine:3.16' }, { tag: 'stable' }],
    });
    expect(pushed).toEqual({ descriptor: a.descriptor });
    expect((await stat(join(folder(), 'index.json'))).ino).not.toBe(before);
    expect(await written()).toEqual([
      [digest, full, '3.16'],
      [digest, undefined, 'stable'],
    ]);
    expect((await registry.names.resolve({ name: 'library/alpine:3.16' })).digest).toBe(digest);
  });

  test('a manifest that another tool listed with and without a name keeps the name alone when it is pushed again', async () => {
    await write([a.descriptor, named(a, full, '3.16'), b.descriptor], a, b);
    await push(open(), 'layout', a);
    expect(await written()).toEqual([
      [a.descriptor.digest, full, '3.16'],
      [b.descriptor.digest, undefined, undefined],
    ]);
  });

  test('[layout 46, 53] an index.json that is there keeps what it says besides', async () => {
    await write(
      [{ ...a.descriptor, 'x-vendor': { y: [1] }, platform: { os: 'linux', architecture: 'arm64' } }],
      a,
    );
    const theirs = {
      'x-first': 1,
      schemaVersion: 2,
      manifests: [] as unknown[],
      annotations: { by: 'them' },
    };
    const { manifests } = JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    await writeFile(join(folder(), 'index.json'), JSON.stringify({ ...theirs, manifests }));
    await open().names.name(a.descriptor.digest, [{ tag: 'v1' }]);
    const after = JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(after)).toEqual(['x-first', 'schemaVersion', 'manifests', 'annotations']);
    expect(after).toEqual({
      ...theirs,
      manifests: [{ ...(manifests[0] as object), annotations: { [annotations.refName]: 'v1' } }],
    });
  });

  test('[layout 46] a new one says what it is', async () => {
    const registry = open();
    await pushBlob(registry, 'layout', config);
    await push(registry, 'layout', a);
    expect(JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [a.descriptor],
    });
    expect(await readFile(join(folder(), 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    // [layout 47] And a manifest is entered once.
    await push(registry, 'layout', a);
    expect(await registry.names.entries()).toEqual([a.descriptor]);
  });

  test('names are given, moved, and taken away', async () => {
    const registry = open();
    const { names } = registry;
    await pushBlob(registry, 'layout', config);
    for (const piece of [a, b]) await push(registry, 'layout', piece);
    await names.name(a.descriptor.digest, [{ tag: 'v1' }, { name: 'alpine:3.16' }]);
    await names.name(b.descriptor.digest, [{ name: full }]);
    expect(await written()).toEqual([
      [a.descriptor.digest, undefined, 'v1'],
      [b.descriptor.digest, full, '3.16'],
    ]);
    expect(await names.unname([{ tag: 'v1' }, { tag: 'v2' }, { name: 'alpine:3.16' }])).toBe(2);
    // They are there still, without a name.
    expect(await written()).toEqual(
      [a, b].map(({ descriptor }) => [descriptor.digest, undefined, undefined]),
    );
    await expect(names.name(config.descriptor.digest, [{ tag: 'v1' }])).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    await expect(names.name(a.descriptor.digest, [{ tag: 'a:b' }])).rejects.toMatchObject({
      code: 'TAG_INVALID',
    });
  });

  test('what an index leads to can be named', async () => {
    const inner = index([a, b]);
    await write([entry(inner, 'v1')], a, b, inner);
    const { names } = open();
    await names.name(a.descriptor.digest, [{ name: 'alpine:3.16' }]);
    expect(await written()).toEqual([
      [inner.descriptor.digest, undefined, 'v1'],
      [a.descriptor.digest, full, '3.16'],
    ]);
    expect(await names.unname([{ name: full }])).toBe(1);
    // Its index leads to it, so that it needs no entry.
    expect(await written()).toEqual([[inner.descriptor.digest, undefined, 'v1']]);
  });

  test('a pushed tag leaves the full name that had it', async () => {
    await write([named(a, full, '3.16')], a);
    const registry = open();
    await push(registry, 'layout', b, '3.16');
    expect((await registry.resolveManifest('layout', '3.16')).digest).toBe(b.descriptor.digest);
    expect((await registry.names.resolve({ name: 'alpine:3.16' })).digest).toBe(a.descriptor.digest);
    expect(await written()).toEqual([
      [a.descriptor.digest, full, full],
      [b.descriptor.digest, undefined, '3.16'],
    ]);
    await registry.deleteManifest('layout', '3.16');
    expect((await registry.names.resolve({ name: 'alpine:3.16' })).digest).toBe(a.descriptor.digest);
  });

  test('[layout 54] who meets another writer waits, and does not fail', async () => {
    const [one, other] = [open(), open()];
    await pushBlob(one, 'layout', config);
    for (const piece of [a, b]) await push(one, 'layout', piece);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? one : other).names.name(a.descriptor.digest, [{ tag: `t${at}` }]),
      ),
    );
    expect((await all(open().tags('layout'))).length).toBe(20);
  });
});

test(
  'an index.json of 100,000 entries: the first answer comes soon after its JSON, others at once',
  { timeout: 60_000 },
  async () => {
    const entries = Array.from({ length: 100_000 }, (_, at) => ({
      ...named(a, `docker.io/library/image${at % 1000}:v${at}`, `v${at}`),
      digest: digestOf(Buffer.from(String(at))),
    }));
    await write(entries);
    const text = await readFile(join(folder(), 'index.json'), 'utf8');
    const time = async (work: () => unknown): Promise<number> => {
      const before = performance.now();
      await work();
      return performance.now() - before;
    };
    const [parsed, resolved, again]: number[][] = [[], [], []];
    for (let round = 0; round < 5; round++) {
      const { names } = open();
      parsed?.push(await time(() => JSON.parse(text) as unknown));
      resolved?.push(await time(() => names.resolve({ tag: `v${50_000 + round}` })));
      again?.push(await time(() => names.resolve({ tag: 'v99999' })));
      // Names have a map of their own.
      await names.resolve({ name: `image${round}:v${round}` });
      again?.push(await time(() => names.resolve({ name: 'image999:v99999' })));
    }
    // Alone on a machine it is less than 3 times, and a tenth of a millisecond. The best of five, as others may be at work.
    expect(Math.min(...(resolved ?? [])) / Math.min(...(parsed ?? []))).toBeLessThan(6);
    expect(Math.min(...(again ?? []))).toBeLessThan(10);
  },
);
