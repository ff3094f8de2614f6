import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Descriptor } from '../../../src/oci/index.ts';
import { RegistryError } from '../../../src/registry/index.ts';
import { createLedNow, type ChangingLayout } from '../../../src/store/layout/led-now.ts';
import type { Snapshot } from '../../../src/store/layout/snapshot.ts';
import { temporaryFolder } from './folder.ts';
import { config, image, pathOf } from './image.ts';

const folder = temporaryFolder();

/** A layout whose `index.json` says what it is told to. */
function changing(first: readonly Descriptor[]): {
  readonly layout: ChangingLayout;
  /** The entries from now on, or why they cannot be read. */
  change(to: readonly Descriptor[] | Error): void;
} {
  let now: readonly Descriptor[] | Error = first;
  const currentOrNone = async (): Promise<Snapshot> => {
    if (now instanceof Error) throw now;
    return { entries: now } as Snapshot;
  };
  const layout = { repository: 'layout', path: folder(), single: true, index: { currentOrNone } };
  return { layout, change: (to) => (now = to) };
}

const base = image('base');
const putBase = async (): Promise<void> => {
  await mkdir(join(folder(), 'blobs/sha256'), { recursive: true });
  await writeFile(join(folder(), pathOf(base.descriptor.digest)), base.bytes);
};

test('what entries lead to, as soon as they are others', async () => {
  await putBase();
  const { layout, change } = changing([]);
  const ledNow = await createLedNow(layout);
  expect(await ledNow(config.descriptor.digest)).toBeUndefined();
  change([base.descriptor]);
  expect(await ledNow(config.descriptor.digest)).toBe(true);
  change([image('gone').descriptor]);
  expect(await ledNow(config.descriptor.digest)).toBe(false);
});

test('it is found out once for each version of them: a hundred questions take no longer than a few', async () => {
  await putBase();
  const { layout, change } = changing([]);
  const ledNow = await createLedNow(layout);
  change(Array.from({ length: 20_000 }, () => base.descriptor));
  const begin = performance.now();
  await ledNow(config.descriptor.digest);
  const first = performance.now() - begin;
  for (let more = 0; more < 100; more++) await ledNow(config.descriptor.digest);
  expect(performance.now() - begin).toBeLessThan(10 * first);
});

test('nothing can be told of entries that are not valid; a disk that fails is a failure', async () => {
  const { layout, change } = changing([]);
  const ledNow = await createLedNow(layout);
  change(new RegistryError('LAYOUT_INVALID', 'it is cut off'));
  expect(await ledNow(config.descriptor.digest)).toBeUndefined();
  change(Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5 }));
  await expect(ledNow(config.descriptor.digest)).rejects.toMatchObject({ code: 'EIO' });
});
