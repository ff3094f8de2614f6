import { describe, expect, test } from 'vitest';
import { digestOf, mediaTypes } from '../../../src/oci/index.ts';
import { diskCache, memoryCache, type CacheStore } from '../../../src/wrap/cache/index.ts';
import { bytes, named } from '../../oci/words.ts';
import { newFolder } from './folder.ts';
import { A, B, keepsAcrossReopening, note, storeContract } from './store-contract.ts';

const stores: Readonly<Record<string, () => Promise<CacheStore>>> = {
  memory: async () => memoryCache(),
  disk: async () => diskCache(await newFolder()),
};

describe.each(Object.entries(stores))('%s', (_, open) => {
  test.each(Object.entries(storeContract))('%s', async (__, run) => {
    const store = await open();
    await run(store);
    await store.close();
  });
});

test('what is on the disk is there for the next process', async () => {
  const folder = await newFolder();
  await keepsAcrossReopening(() => diskCache(folder));
});

describe('memory is bounded', () => {
  const descriptor = (text: string) => ({
    mediaType: mediaTypes.octetStream,
    digest: named(text),
    size: text.length,
  });

  test('one more than there is room for: the one that was used least recently goes [row 128]', async () => {
    const store = memoryCache({ maxEntries: 100 });
    const all = Array.from({ length: 101 }, (_, at) => descriptor(`blob ${at}`));
    const [first, second, ...rest] = all;
    const last = rest.pop();
    if (!first || !second || !last) throw new Error('too few');
    for (const each of [first, second, ...rest]) await note(store, A, each);
    expect(await store.descriptor(A, 'blobs', first.digest)).toEqual(first);
    await note(store, A, last);
    expect(await store.descriptor(A, 'blobs', second.digest)).toBeUndefined();
    for (const each of [first, ...rest, last])
      expect(await store.descriptor(A, 'blobs', each.digest)).toEqual(each);
  });

  test('by bytes too, and what is larger than all of it is not kept [row 128]', async () => {
    const store = memoryCache({ maxSize: 9000 });
    const texts = ['a', 'b', 'c', 'd'].map((letter) => bytes(letter.repeat(3000)));
    for (const text of texts) await store.setContent(A.namespace, digestOf(text), text);
    const kept = await Promise.all(
      texts.map((text) => store.content(A.namespace, digestOf(text), text.length)),
    );
    // With what an entry costs besides, there is room for two of them.
    expect(kept.map((found) => found?.length)).toEqual([undefined, undefined, 3000, 3000]);
    const huge = bytes('x'.repeat(20_000));
    await store.setContent(A.namespace, digestOf(huge), huge);
    expect(await store.content(A.namespace, digestOf(huge), huge.length)).toBeUndefined();
  });

  test('that something was cleared is not forgotten for room', async () => {
    const store = memoryCache();
    const before = await store.epoch(A);
    await store.clearTag(A, 'v1');
    for (let at = 0; at < 10_001; at++) await store.clearTag({ ...B, repository: `r${at}` }, 'v1');
    await store.setTag(A, 'v1', { digest: named('x'), at: 1 }, before);
    expect(await store.tag(A, 'v1')).toBeUndefined();
  });
});
