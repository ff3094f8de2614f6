import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { notFound } from '../../../src/registry/index.ts';
import { digestOf } from '../../../src/oci/index.ts';
import {
  blobAt,
  readAnywhere,
  stagedBlob,
  type StoredBlob,
} from '../../../src/store/archive/contents/blob.ts';
import { createManifests } from '../../../src/store/archive/contents/manifests.ts';
import { fileBytes, stampOf, temporaryBytes } from '../../../src/store/archive/file/bytes.ts';
import { isStale, stale } from '../../../src/store/archive/file/stale.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { one } from './samples.ts';

const folder = temporaryFolder();

describe('the bytes of a file', () => {
  test('are there as long as it is the same file', async () => {
    const path = join(folder(), 'x');
    await writeFile(path, 'the bytes');
    const stamp = await stampOf(path);
    if (stamp === undefined) throw new Error('it is not there');
    const bytes = fileBytes(path, stamp);
    const opened = await bytes.open();
    expect(Buffer.from((await opened?.read(4, 100)) ?? '').toString()).toBe('bytes');

    await writeFile(`${path}.new`, 'the bytes');
    await rename(`${path}.new`, path);
    expect(await bytes.open()).toBeUndefined();
    await rm(path);
    expect(await bytes.open()).toBeUndefined();
    // Whoever has them open has them.
    expect(Buffer.from((await opened?.read(0, 3)) ?? '').toString()).toBe('the');
    await opened?.close();
  });

  test('of a file without a name stay until the last who has them open is done, and then it is closed', async () => {
    const handle = await open(join(folder(), 'x'), 'w+');
    await handle.writeFile('bytes');
    let removed = 0;
    const bytes = temporaryBytes(5, handle, async () => void removed++);
    const [first, second] = [await bytes.open(), await bytes.open()];
    await first?.close();
    await bytes.retire();
    await bytes.retire();
    expect(await bytes.open()).toBeUndefined();
    expect(Buffer.from((await second?.read(0, 5)) ?? '').toString()).toBe('bytes');
    expect(removed).toBe(0);
    await second?.close();
    expect(removed).toBe(1);
    await expect(handle.stat()).rejects.toThrow(/closed|EBADF/);
  });
});

test('a blob whose file is not there any more says so before its first byte', async () => {
  const gone = { open: async () => undefined, retire: async () => {} };
  for (const blob of [
    blobAt('x.tar', gone, { offset: 512, size: 1 }),
    stagedBlob('x.tar', join(folder(), 'gone'), 1),
  ]) {
    const error: unknown = await blob
      .read({})
      .next()
      .catch((reason: unknown) => reason);
    expect(isStale(error)).toBe(true);
  }
});

test('what the disk fails with is no manifest that says nothing', async () => {
  const failure = new Error('EIO');
  const blob: StoredBlob = {
    size: one.descriptor.size,
    // oxlint-disable-next-line require-yield -- it fails before the first byte
    async *read() {
      throw failure;
    },
  };
  const manifests = createManifests();
  await expect(manifests.read(one.descriptor, () => blob)).rejects.toBe(failure);
  // It is asked again, and not remembered.
  const whole: StoredBlob = {
    ...blob,
    async *read() {
      yield one.bytes;
    },
  };
  expect(await manifests.read(one.descriptor, () => whole)).toMatchObject({ mayLeadFurther: false });
});

test('a blob is looked for three times when the archive is replaced all the time, and not without end', async () => {
  const digest = digestOf(Buffer.from('x'));
  let looks = 0;
  const find = async (): Promise<StoredBlob> => {
    looks++;
    return {
      size: 1,
      // oxlint-disable-next-line require-yield -- it fails before the first byte
      async *read() {
        throw stale('x.tar');
      },
    };
  };
  const reading = readAnywhere(find, () => notFound('BLOB_UNKNOWN', 'archive', digest), {}).next();
  await expect(reading).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('ask again') as string,
  });
  expect(looks).toBe(3);
});
