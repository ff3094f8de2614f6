import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DOCUMENT_LIMIT } from '../../../src/registry/index.ts';
import { archiveRegistry, type ArchiveRegistry } from '../../../src/store/archive/index.ts';
import { entriesOf } from '../../tar/access.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { all, config, image, index, piece, push, pushBlob, type Piece } from '../layout/image.ts';
import { blob, blobPath, indexJson, one, tar, VERSION } from './samples.ts';

const folder = temporaryFolder();
const fileOf = (): string => join(folder(), 'x.tar');

/** Writes an archive, does something with it, and commits: what is in it then, of all that could be. */
async function leftAfter(
  change: (archive: ArchiveRegistry) => Promise<unknown>,
  entries: Readonly<Record<string, Piece>>,
  ...blobs: readonly Piece[]
): Promise<string[]> {
  await writeFile(fileOf(), tar(VERSION, indexJson(entries), ...blobs.map(blob)));
  const archive = archiveRegistry(fileOf(), { format: 'oci', durable: false });
  try {
    await change(archive);
    await archive.commit();
  } finally {
    await archive.close();
  }
  return blobsIn();
}

async function blobsIn(): Promise<string[]> {
  const paths = (await entriesOf(await readFile(fileOf()))).map(({ path }) => path);
  return paths.filter((path) => /^blobs\/[^/]+\/./.test(path));
}

const pathsOf = (...pieces: readonly Piece[]): string[] => pieces.map(blobPath).sort();

/** A change that takes nothing away. */
const tagged = (archive: ArchiveRegistry): Promise<unknown> =>
  archive.names.name(one.descriptor.digest, [{ tag: 'new' }]);

const layer = piece('what only this leads to');
const lost = piece('of no manifest');
const inside = image('inside');
const large = index([inside], { annotations: { filler: 'x'.repeat(5 * 1024 * 1024) } });
const naming = JSON.stringify({ schemaVersion: 2, things: [layer.descriptor] });
const cached = piece('a layer', 'application/vnd.oci.image.layer.v1.tar+gzip');
const cacheConfig = piece('{}', 'application/vnd.buildkit.cacheconfig.v0');
const layered = image('with a layer', { layers: [layer.descriptor] });

/** With so many bytes in an annotation an index has as many as a document may have. */
const FILLER = DOCUMENT_LIMIT - index([inside], { annotations: { filler: '' } }).bytes.length;

describe('a commit keeps whatever may be led to', () => {
  test.each<[string, Piece, ...Piece[]]>([
    ['by an index of 5 MiB', large, inside],
    ['by a type that is not known', piece(naming, 'application/vnd.foo.v1+json'), layer],
    ['by what has no known form', piece(naming, 'application/x-foo'), layer],
    ['by a manifest that is none', image('no list', { layers: { 0: layer.descriptor } }), layer],
    ['by an index that is none', index([], { manifests: { 0: layer.descriptor } }), layer],
    [
      'by what an index lists as something else',
      index([piece('as it is', 'application/x-foo')]),
      piece('as it is'),
      layer,
    ],
    ['by a referrer, as its subject', image('signed', { subject: inside.descriptor }), inside],
    [
      'by a manifest that is not there, but for its bytes in an index',
      index([{ ...layered, descriptor: { ...layered.descriptor, data: layered.bytes.toString('base64') } }]),
      layer,
    ],
    [
      'by a manifest whose entry has another size',
      { ...layered, descriptor: { ...layered.descriptor, size: 7 } },
      layer,
    ],
  ])('%s', async (_, entry, ...below) => {
    const there = [one, config, entry, ...below];
    expect(await leftAfter(tagged, { one, entry }, ...there)).toEqual(pathsOf(...there));
  });

  test('by indexes in one another, deeper than they are followed', async () => {
    const chain = [inside];
    for (let depth = 0; depth < 12; depth++) chain.unshift(index(chain.slice(0, 1)));
    const [top = inside] = chain;
    const there = [one, config, ...chain];
    expect(await leftAfter(tagged, { one, top }, ...there)).toEqual(pathsOf(...there));
  });

  test('by a manifest of a type that is not known, which is pushed', async () => {
    const foo = piece(naming, 'application/vnd.foo.v1+json');
    const pushed = async (archive: ArchiveRegistry): Promise<void> => {
      await pushBlob(archive, 'archive', layer);
      await push(archive, 'archive', foo, 'foo');
    };
    expect(await leftAfter(pushed, { one }, one, config)).toEqual(pathsOf(one, config, layer, foo));
  });
});

describe('a commit leaves out', () => {
  test('what was deleted, also where something is not understood', async () => {
    const foo = piece(naming, 'application/vnd.foo.v1+json');
    const deleted = async (archive: ArchiveRegistry): Promise<void> => {
      await archive.deleteManifest('archive', one.descriptor.digest);
      await archive.deleteBlob('archive', lost.descriptor.digest);
    };
    expect(await leftAfter(deleted, { one, foo }, one, config, foo, layer, lost)).toEqual(
      pathsOf(foo, layer, config),
    );
  });

  test('what somebody has called wrong, once it was pushed as what it is', async () => {
    const many = index([inside]);
    const wrong = { ...many, descriptor: { ...many.descriptor, mediaType: 'application/vnd.foo.v1+json' } };
    const pushed = async (archive: ArchiveRegistry): Promise<void> => {
      // By this question, all manifests are read.
      expect(await all(archive.referrers('archive', lost.descriptor.digest))).toEqual([]);
      await pushBlob(archive, 'archive', config);
      await push(archive, 'archive', inside, 'inside');
      await push(archive, 'archive', many, 'many');
    };
    expect(await leftAfter(pushed, { wrong }, many, config, inside, lost)).toEqual(
      pathsOf(many, config, inside),
    );
  });

  test.each<[string, Piece, ...Piece[]]>([
    ['an image', inside],
    ['an index without one of its images', index([image('elsewhere')])],
    [
      'an index of 4 MiB to the byte',
      index([inside], { annotations: { filler: 'x'.repeat(FILLER) } }),
      inside,
    ],
    ['a build cache, whose layers an index lists', index([cached, cacheConfig]), cached, cacheConfig],
  ])('what nothing leads to, where all is understood: %s', async (_, entry, ...below) => {
    const there = [one, config, entry, ...below];
    expect(await leftAfter(tagged, { one, entry }, ...there, lost)).toEqual(pathsOf(...there));
  });
});

describe('what may lead to more than can be read', () => {
  const { digest } = large.descriptor;
  const foo = piece(naming, 'application/vnd.foo.v1+json');
  const below = image('below', { layers: [layer.descriptor] });
  const wide = index([below], { annotations: { filler: 'x'.repeat(5 * 1024 * 1024) } });

  test.each<[string, Piece, ...Piece[]]>([
    ['an index of 5 MiB', large, inside],
    ['an index that is none', index([], { manifests: { 0: layer.descriptor } }), layer],
    ['a type that is not known', foo, layer],
    [
      'an index whose entry has another size',
      { ...index([inside]), descriptor: { ...index([inside]).descriptor, size: 7 } },
      inside,
    ],
  ])('is not deleted if others would go with it: %s', async (_, entry, ...others) => {
    const there = [one, config, entry, ...others];
    const refused = async (archive: ArchiveRegistry): Promise<void> => {
      await expect(archive.deleteManifest('archive', entry.descriptor.digest)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        detail: others.map(({ descriptor }) => descriptor.digest),
        message: expect.stringMatching(
          /cannot be read, and a blob that nothing else leads to would be lost/,
        ) as string,
      });
      expect(await all(archive.tags('archive'))).toEqual(['entry', 'one']);
      await tagged(archive);
    };
    expect(await leftAfter(refused, { one, entry }, ...there)).toEqual(pathsOf(...there));
  });

  test.each([
    [3, ''],
    [4, ' and 1 more'],
    [5, ' and 2 more'],
  ])('tells three of what would go, of %d%s', async (count, more) => {
    const several = Array.from({ length: count }, (_, at) => piece(`blob ${at}`));
    const refused = async (archive: ArchiveRegistry): Promise<void> => {
      const [first, second, third] = several.map(({ descriptor }) => descriptor.digest);
      await expect(archive.deleteManifest('archive', digest)).rejects.toMatchObject({
        status: 405,
        message:
          `${digest} is not deleted from the archive ${fileOf()}: what it leads to cannot be read, and ${count} blobs that ` +
          `nothing else leads to would be lost with it: ${first}, ${second}, ${third}${more}. ` +
          'Push what is to stay of these under a name, and delete the rest first',
      });
    };
    await leftAfter(refused, { one, large }, one, config, large, ...several);
  });

  test('is deleted when what it led to has names of its own, or was deleted', async () => {
    const deleted = async (archive: ArchiveRegistry): Promise<void> => {
      await archive.deleteBlob('archive', lost.descriptor.digest);
      await push(archive, 'archive', below, 'stays');
      await archive.deleteManifest('archive', wide.descriptor.digest);
    };
    const there = [one, config, wide, below, layer, lost];
    expect(await leftAfter(deleted, { one, wide }, ...there)).toEqual(pathsOf(one, config, below, layer));
  });

  test('is deleted while something else keeps all there is, and that not after it', async () => {
    const deleted = async (archive: ArchiveRegistry): Promise<void> => {
      await archive.deleteManifest('archive', digest);
      await expect(archive.deleteManifest('archive', foo.descriptor.digest)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      });
    };
    expect(await leftAfter(deleted, { one, large, foo }, one, config, large, inside, foo)).toEqual(
      pathsOf(one, config, inside, foo),
    );
  });

  test('is deleted with what it lists as no manifest, as layers are', async () => {
    const thing = piece('as it is', 'application/x-foo');
    const listing = index([thing]);
    const deleted = (archive: ArchiveRegistry): Promise<void> =>
      archive.deleteManifest('archive', listing.descriptor.digest);
    expect(await leftAfter(deleted, { one, listing }, one, config, listing, thing)).toEqual(
      pathsOf(one, config),
    );
  });

  test('is deleted if it is not there at all', async () => {
    const deleted = (archive: ArchiveRegistry): Promise<void> => archive.deleteManifest('archive', digest);
    expect(await leftAfter(deleted, { one, large }, one, config)).toEqual(pathsOf(one, config));
  });

  test('takes no notice of what was pushed since, and is in no archive yet', async () => {
    const deleted = async (archive: ArchiveRegistry): Promise<void> => {
      await pushBlob(archive, 'archive', layer);
      await push(archive, 'archive', foo);
      await archive.deleteManifest('archive', foo.descriptor.digest);
      await tagged(archive);
    };
    expect(await leftAfter(deleted, { one }, one, config)).toEqual(pathsOf(one, config));
  });
});
