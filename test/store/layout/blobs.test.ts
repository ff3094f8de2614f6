import { lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { layoutRegistry, singleLayout } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { pathOf, piece, pushBlob } from './image.ts';

const folder = temporaryFolder();
let registry: Registry;
beforeEach(() => {
  registry = layoutRegistry(folder());
});

const MIB = 1024 * 1024;
const large = piece(Buffer.alloc(3 * MIB + 17, 'large'));
const { digest, size } = large.descriptor;
const file = (repository: string, of: Digest = digest): string => join(folder(), repository, pathOf(of));
const pooled = (of: Digest = digest): string => join(folder(), '.stowage/pool', of.replace(':', '/'));
const inode = async (path: string): Promise<{ ino: number; nlink: number }> => {
  const { ino, nlink } = await lstat(path);
  return { ino, nlink };
};
const temporaries = (repository: string): Promise<string[]> =>
  readdir(join(folder(), repository, '.stowage/tmp'));

/** Asked here, since a runner takes its time to show where millions of bytes differ. */
const isLarge = (bytes: Uint8Array): boolean => Buffer.compare(bytes, large.bytes) === 0;

/** The bytes in pieces of an odd size. */
async function* pieces(bytes: Uint8Array = large.bytes, length = 70_001): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe('one blob in many repositories', () => {
  test('is on the disk once', async () => {
    for (const name of ['a', 'b', 'c/d']) await pushBlob(registry, name, large);
    const { ino, nlink } = await inode(pooled());
    expect(nlink).toBe(4);
    for (const name of ['a', 'b', 'c/d']) expect(await inode(file(name))).toEqual({ ino, nlink });
    expect(await temporaries('b')).toEqual([]);
  });

  test('that are mounted, too, from anywhere', async () => {
    await pushBlob(registry, 'a', large);
    expect(await registry.mountBlob('b', digest, 'a')).toBe(true);
    expect(await registry.mountBlob('c', digest)).toBe(true);
    expect(await registry.mountBlob('a', digest, 'a')).toBe(true);
    expect((await inode(file('c'))).nlink).toBe(4);
    expect(await registry.mountBlob('d', digest, 'missing')).toBe(false);
    expect(await registry.mountBlob('d', digestOf(Buffer.from('missing')))).toBe(false);
    await expect(registry.resolveBlob('d', digest)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    await expect(registry.mountBlob('d', digest, 'Bad')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  });

  test('goes when the last one goes', async () => {
    for (const name of ['a', 'b']) await pushBlob(registry, name, large);
    await registry.deleteBlob('a', digest);
    await expect(registry.resolveBlob('a', digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect((await inode(pooled())).nlink).toBe(2);
    await registry.deleteBlob('b', digest);
    await expect(lstat(pooled())).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(registry.deleteBlob('b', digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await expect(registry.deleteBlob('missing', digest)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('is not read where it is not', async () => {
    await pushBlob(registry, 'a', large);
    await pushBlob(registry, 'b', piece('other'));
    await expect(registry.getBlob('b', digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test('is not had for the asking: the bytes have to be shown', async () => {
    await pushBlob(registry, 'a', large);
    const wrong = Buffer.from(large.bytes);
    wrong[0] = 1;
    await expect(registry.pushBlob('b', large.descriptor, wrong)).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    });
    await expect(registry.resolveBlob('b', digest)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(await temporaries('b')).toEqual([]);
  });

  test('mounted from a link, is not mounted', async () => {
    await pushBlob(registry, 'a', piece('other'));
    await writeFile(join(folder(), 'secret'), large.bytes);
    await symlink(join(folder(), 'secret'), file('a'));
    await expect(registry.mountBlob('b', digest, 'a')).rejects.toMatchObject({ code: 'BLOB_NOT_REGULAR' });
  });
});

describe('mountFrom', () => {
  test('spares the source', async () => {
    await pushBlob(registry, 'a', large);
    const source = vi.fn(() => large.bytes);
    await registry.pushBlob('b', large.descriptor, source, { mountFrom: 'a' });
    await registry.pushBlob('b', large.descriptor, source, { mountFrom: 'b' });
    expect(source).not.toHaveBeenCalled();
    await registry.pushBlob('c', large.descriptor, source, { mountFrom: 'c' });
    expect(source).toHaveBeenCalledOnce();
  });

  test('of a blob that is too short does not', async () => {
    await pushBlob(registry, 'a', large);
    await rm(file('a'));
    await writeFile(file('a'), large.bytes.subarray(1));
    await registry.pushBlob('b', large.descriptor, large.bytes, { mountFrom: 'a' });
    await registry.pushBlob('a', large.descriptor, large.bytes, { mountFrom: 'a' });
    for (const name of ['a', 'b'])
      expect(isLarge(await (await registry.getBlob(name, digest)).bytes(4 * MIB))).toBe(true);
  });
});

describe('pushing again', () => {
  test('rewrites nothing that is whole, which counts as new then', async () => {
    await pushBlob(registry, 'a', large);
    const { ino, nlink } = await lstat(file('a'));
    for (const again of [() => pushBlob(registry, 'a', large), () => registry.mountBlob('a', digest)]) {
      await utimes(file('a'), 1, 1);
      await again();
      const found = await lstat(file('a'));
      expect({ ino: found.ino, nlink: found.nlink }).toEqual({ ino, nlink });
      expect(Date.now() - found.mtimeMs).toBeLessThan(60_000);
    }
  });

  test.each([
    ['other bytes of the same size', Buffer.alloc(size)],
    ['fewer bytes', large.bytes.subarray(0, 99)],
    ['more bytes', Buffer.concat([large.bytes, Buffer.from('!')])],
  ])('heals %s, in the repository and in the pool', async (_, bytes) => {
    await pushBlob(registry, 'a', large);
    // In place, so that the pool's is the same file.
    await writeFile(file('a'), bytes);
    await pushBlob(registry, 'b', large);
    expect(isLarge(await readFile(file('b')))).toBe(true);
    expect(isLarge(await readFile(pooled()))).toBe(true);
    await pushBlob(registry, 'a', large);
    expect(isLarge(await readFile(file('a')))).toBe(true);
    const { ino } = await inode(pooled());
    for (const name of ['a', 'b']) expect(await inode(file(name))).toEqual({ ino, nlink: 3 });
  });

  test('heals a link', async () => {
    await pushBlob(registry, 'a', piece('other'));
    await symlink('nowhere', file('a'));
    await pushBlob(registry, 'a', large);
    expect(isLarge(await readFile(file('a')))).toBe(true);
  });
});

describe('what does not fit', () => {
  test.each([
    ['other bytes', Buffer.alloc(size), 'DIGEST_INVALID'],
    ['too few', large.bytes.subarray(1), 'SIZE_INVALID'],
    ['too many', Buffer.concat([large.bytes, Buffer.from('!')]), 'SIZE_INVALID'],
    ['none', Buffer.alloc(0), 'SIZE_INVALID'],
  ])('%s: nothing is kept', async (_, bytes, code) => {
    await expect(registry.pushBlob('a', large.descriptor, () => pieces(bytes))).rejects.toMatchObject({
      code,
      status: 400,
    });
    expect(await temporaries('a')).toEqual([]);
    await expect(lstat(pooled())).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(registry.resolveBlob('a', digest)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('a source that fails is not taken for the disk', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield large.bytes.subarray(0, 2 * MIB);
      await readFile('/missing/source');
    };
    await expect(registry.pushBlob('a', large.descriptor, failing)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await temporaries('a')).toEqual([]);
  });

  test('a signal ends it', async () => {
    const controller = new AbortController();
    const aborting = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of pieces()) {
        yield chunk;
        controller.abort();
      }
    };
    await expect(
      registry.pushBlob('a', large.descriptor, aborting, { signal: controller.signal }),
    ).rejects.toThrow('abort');
    expect(await temporaries('a')).toEqual([]);
  });
});

describe('reading', () => {
  beforeEach(() => pushBlob(registry, 'a', large));

  test('comes in pieces of a MiB', async () => {
    const lengths: number[] = [];
    for await (const chunk of await registry.getBlob('a', digest)) lengths.push(chunk.length);
    expect(lengths).toEqual([MIB, MIB, MIB, 17]);
  });

  test.each([
    [0, 1],
    [5, undefined],
    [MIB - 1, MIB + 1],
    [size - 1, size + 99],
    [7, 2 * MIB + 9],
  ])('from %s to %s', async (start, end) => {
    const content = await registry.getBlob('a', digest, {
      range: { start, ...(end !== undefined && { end }) },
    });
    expect(content.descriptor.size).toBe(size);
    expect(Buffer.compare(await content.bytes(4 * MIB), large.bytes.subarray(start, end))).toBe(0);
  });

  test('nothing past the end, and an empty blob', async () => {
    await expect(registry.getBlob('a', digest, { range: { start: size } })).rejects.toMatchObject({
      code: 'RANGE_INVALID',
      status: 416,
    });
    const empty = piece('');
    await pushBlob(registry, 'a', empty);
    expect(await (await registry.getBlob('a', empty.descriptor.digest)).bytes()).toHaveLength(0);
    expect((await registry.resolveBlob('a', empty.descriptor.digest)).size).toBe(0);
  });

  test('frees the file when it is left, cancelled, aborted, or never begun', async () => {
    const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await open();
    const controller = new AbortController();
    for (let round = 0; round < 20; round++) {
      for await (const _ of await registry.getBlob('a', digest)) break;
      await (await registry.getBlob('a', digest)).cancel();
      await registry.getBlob('a', digest);
    }
    const content = await registry.getBlob('a', digest, { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of content) controller.abort();
    })();
    await expect(reading).rejects.toThrow('abort');
    expect(await open()).toBeLessThanOrEqual(before + 1);
  });

  test('of a blob that goes in between fails by name', async () => {
    const content = await registry.getBlob('a', digest);
    await registry.deleteBlob('a', digest);
    await expect(content.bytes(4 * MIB)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test('of one that is cut off in between fails', async () => {
    const content = await registry.getBlob('a', digest);
    await writeFile(file('a'), large.bytes.subarray(0, MIB));
    await expect(content.bytes(4 * MIB)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });
});

test('a single layout has no pool, and no links', async () => {
  const single = singleLayout(join(folder(), 'single'), { durable: false });
  await single.pushBlob('layout', large.descriptor, () => pieces());
  expect((await inode(join(folder(), 'single', pathOf(digest)))).nlink).toBe(1);
  expect((await readdir(join(folder(), 'single/.stowage'))).sort()).toEqual(['lock', 'tmp']);
});

test('the disk failing is an error of the disk, by the path in the layout', async () => {
  await mkdir(join(folder(), 'a'));
  await writeFile(join(folder(), 'a/blobs'), 'in the way');
  await expect(pushBlob(registry, 'a', large)).rejects.toMatchObject({
    code: 'UNKNOWN',
    status: 500,
    message: expect.stringMatching(/^cannot mkdir a\/blobs.*: E(EXIST|NOTDIR)$/) as unknown,
    cause: expect.objectContaining({ syscall: 'mkdir' }) as unknown,
  });
  expect(await temporaries('a')).toEqual([]);
});
