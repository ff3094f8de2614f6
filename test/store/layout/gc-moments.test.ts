import { existsSync } from 'node:fs';
import { lutimes, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Registry } from '../../../src/registry/index.ts';
import { collectGarbage, singleLayout } from '../../../src/store/layout/index.ts';
import { renew } from '../../../src/store/layout/renew.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, pathOf, piece, push, pushBlob } from './image.ts';

/** What happens at the moment in which a collection takes a blob out of its place. */
const moment = vi.hoisted(() => ({
  before: async (_path: string): Promise<void> => {},
  after: async (_path: string): Promise<void> => {},
  /** The same for the moment in which a push has a blob that it found count as new. */
  renewing: async (_path: string): Promise<void> => {},
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const rename: typeof real.rename = async (from, to) => {
    const isTaken = String(from).includes('/blobs/');
    if (isTaken) await moment.before(String(from));
    await real.rename(from, to);
    if (isTaken) await moment.after(String(from));
  };
  const lutimes: typeof real.lutimes = async (path, ...times) => {
    await moment.renewing(String(path));
    await real.lutimes(path, ...times);
  };
  return { ...real, rename, lutimes };
});

const folder = temporaryFolder();
const layer = piece('a layer that nothing leads to');
const file = (): string => join(folder(), pathOf(layer.descriptor.digest));
let registry: Registry;
beforeEach(async () => {
  registry = singleLayout(folder());
  await pushBlob(registry, 'layout', config);
  await push(registry, 'layout', image('base'), 'v1');
  await pushBlob(registry, 'layout', layer);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
});
afterEach(() => {
  moment.before = async () => {};
  moment.after = async () => {};
  moment.renewing = async () => {};
  vi.useRealTimers();
});

test('a blob that a push finds while it is being taken is put back', async () => {
  moment.before = async (path) => {
    const now = new Date();
    await lutimes(path, now, now);
  };
  const { removed, young } = await collectGarbage(folder());
  expect([removed.count, young.count]).toEqual([0, 1]);
  expect(await readFile(file())).toEqual(layer.bytes);
  expect((await stat(file())).nlink).toBe(1);
});

test('a push that does not find it any more brings it again', async () => {
  moment.after = async () => {
    moment.after = async () => {};
    await pushBlob(singleLayout(folder()), 'layout', layer);
  };
  expect((await collectGarbage(folder())).removed.count).toBe(1);
  expect(await readFile(file())).toEqual(layer.bytes);
});

test('another tool that enters a manifest meanwhile, without our lock, keeps what it refers to', async () => {
  const second = piece('another layer that nothing leads to so far');
  const made = image('late', { layers: [second.descriptor, layer.descriptor] });
  vi.useRealTimers();
  await pushBlob(registry, 'layout', second);
  await pushBlob(registry, 'layout', layer);
  await push(registry, 'layout', made);
  const entered = await readFile(join(folder(), 'index.json'), 'utf8');
  await registry.deleteManifest('layout', made.descriptor.digest);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
  moment.after = async () => {
    moment.after = async () => {};
    await writeFile(join(folder(), pathOf(made.descriptor.digest)), made.bytes);
    await writeFile(join(folder(), 'index.json'), entered);
  };
  // The one that is being taken is lost to it: it is the other one that is not touched any more.
  expect((await collectGarbage(folder())).removed.count).toBe(1);
  const left = [layer, second].filter(({ descriptor }) =>
    existsSync(join(folder(), pathOf(descriptor.digest))),
  );
  expect(left).toHaveLength(1);
});

test('a collection that ends in the middle leaves a valid layout, and the next one goes on', async () => {
  moment.after = async () => {
    throw new Error('killed');
  };
  await expect(collectGarbage(folder())).rejects.toThrow('killed');
  moment.after = async () => {};
  expect(await all(registry.tags('layout'))).toEqual(['v1']);
  const { removed, leftovers } = await collectGarbage(folder());
  expect([removed.count, leftovers.count]).toEqual([0, 1]);
});

describe('a blob that a push finds', () => {
  const refuseWith = (code: string): void => {
    moment.renewing = () => Promise.reject(Object.assign(new Error(`${code}: no`), { code, errno: -1 }));
  };

  test.each(['EPERM', 'EACCES', 'EROFS', 'ENOSYS', 'ENOTSUP'])(
    'is there all the same where its times are not ours to set (%s)',
    async (code) => {
      refuseWith(code);
      expect(await renew(file())).toBe(true);
    },
  );

  test.each(['ENOENT', 'ENOTDIR'])('is not there where the disk says so (%s)', async (code) => {
    refuseWith(code);
    expect(await renew(file())).toBe(false);
  });

  test('is neither where the disk does not work', async () => {
    refuseWith('EIO');
    await expect(renew(file())).rejects.toMatchObject({ code: 'EIO' });
  });
});
