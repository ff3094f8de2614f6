import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { digestOf } from '../../src/oci/index.ts';
import { uploadsTo, type Incoming, type Registry } from '../../src/registry/index.ts';
import { archiveRegistry } from '../../src/store/archive/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { temporaryFolder } from '../store/layout/folder.ts';

const folder = temporaryFolder();
const repository = 'archive';
const whole = Buffer.from('what comes in pieces');
const digest = digestOf(whole);

/** A chunk that stays open until it is told to go on. */
function slowly(bytes: Uint8Array): { readonly chunk: AsyncGenerator<Uint8Array>; goOn(): void } {
  let goOn = (): void => {};
  const told = new Promise<void>((resolve) => (goOn = resolve));
  const chunk = (async function* () {
    yield bytes.subarray(0, 5);
    await told;
    yield bytes.subarray(5);
  })();
  return { chunk, goOn };
}

describe.each<[string, () => Registry & { close?(): Promise<void> }]>([
  ['memory', () => memoryRegistry()],
  ['an archive', () => archiveRegistry(join(folder(), 'x.tar'), { format: 'oci', durable: false })],
])('an upload into %s', (_, open) => {
  const within = async (work: (registry: Registry) => Promise<void>): Promise<void> => {
    const registry = open();
    try {
      await work(registry);
    } finally {
      await registry.close?.();
    }
  };

  test('has one writer at a time, and is no blob while one is at it', () =>
    within(async (registry) => {
      const upload = await registry.startUpload(repository);
      const { chunk, goOn } = slowly(whole);
      const writing = upload.write(chunk);
      for (const other of [upload.write(whole), upload.commit(digest)])
        await expect(other).rejects.toMatchObject({
          code: 'RANGE_INVALID',
          status: 416,
          message: 'the upload stands at 0, and another writer is at it',
        });
      goOn();
      await writing;
      expect(await upload.commit(digest)).toMatchObject({ digest, size: whole.length });
    }));

  test('becomes a blob once, however many ask for it', () =>
    within(async (registry) => {
      const upload = await registry.startUpload(repository);
      await upload.write(whole);
      const outcomes = await Promise.allSettled([upload.commit(digest), upload.commit(digest)]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'BLOB_UPLOAD_UNKNOWN' } });
      await upload.cancel();
      expect(await (await registry.getBlob(repository, digest)).text()).toBe(whole.toString());
    }));

  test('stands where it stood after a chunk that is shorter, or longer, than announced', () =>
    within(async (registry) => {
      const upload = await registry.startUpload(repository);
      await upload.write(whole.subarray(0, 10));
      for (const [size, got] of [
        [5, 'more than 5'],
        [20, '10'],
      ] as const) {
        await expect(upload.write(whole.subarray(10), { size })).rejects.toMatchObject({
          code: 'SIZE_INVALID',
          status: 400,
          message: `the chunk has ${got} bytes, ${size} were announced`,
        });
        expect(upload.offset).toBe(10);
      }
      await upload.write(whole.subarray(10), { size: 10, offset: 10 });
      expect((await upload.commit(digest)).size).toBe(whole.length);
    }));

  test('has what came before its chunk broke off, or was given up', () =>
    within(async (registry) => {
      for (const reason of ['broken', 'given up']) {
        const controller = new AbortController();
        const upload = await registry.startUpload(repository);
        const source = async function* (): AsyncGenerator<Uint8Array> {
          yield whole.subarray(0, 10);
          if (reason === 'broken') throw new Error(reason);
          controller.abort(new Error(reason));
          yield whole.subarray(10);
        };
        await expect(upload.write(source(), { signal: controller.signal })).rejects.toThrow(reason);
        expect(upload.offset).toBe(10);
        await upload.write(whole.subarray(10));
        expect((await upload.commit(digest)).size).toBe(whole.length);
      }
    }));

  test('ends with the signal that it was begun with', () =>
    within(async (registry) => {
      const controller = new AbortController();
      const upload = await registry.startUpload(repository, { signal: controller.signal });
      await upload.write(whole);
      controller.abort(new Error('no more'));
      await expect(upload.write(whole)).rejects.toThrow('no more');
      await expect(upload.commit(digest)).rejects.toThrow('no more');
      // Nobody else is kept from it.
      const again = await registry.startUpload(repository, { resume: upload.id });
      expect(again.offset).toBe(whole.length);
    }));

  test('is gone when it is not what it was said to be', () =>
    within(async (registry) => {
      const upload = await registry.startUpload(repository);
      await upload.write(Buffer.from('something else'));
      await expect(upload.commit(digest)).rejects.toMatchObject({ code: 'DIGEST_INVALID', status: 400 });
      await expect(upload.write(whole)).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
      await expect(registry.startUpload(repository, { resume: upload.id })).rejects.toMatchObject({
        code: 'BLOB_UPLOAD_UNKNOWN',
      });
    }));

  test('is none of another repository', () =>
    within(async (registry) => {
      const { id } = await registry.startUpload(repository);
      await expect(registry.startUpload('other', { resume: id })).rejects.toMatchObject({ status: 404 });
      await expect(registry.startUpload('NOT A NAME', { resume: id })).rejects.toMatchObject({
        code: 'NAME_INVALID',
      });
    }));

  test('is waited for by who goes on and asks where it stands', () =>
    within(async (registry) => {
      const upload = await registry.startUpload(repository);
      const { chunk, goOn } = slowly(whole);
      const writing = upload.write(chunk);
      const resumed = registry.startUpload(repository, { resume: upload.id });
      const told = await registry.startUpload(repository, { resume: upload.id, offset: 0 });
      expect(told.offset).toBeLessThan(whole.length);
      goOn();
      await writing;
      expect((await resumed).offset).toBe(whole.length);
    }));
});

test('an upload that cannot be kept is removed: nobody can come back to it', async () => {
  const failure = new Error('no space left on device');
  const remove = vi.fn(() => Promise.resolve());
  const incoming: Incoming = {
    size: whole.length,
    append: () => Promise.resolve(),
    truncate: () => Promise.resolve(),
    async *read() {
      yield whole;
    },
    remove,
  };
  const { startUpload } = uploadsTo({
    begin: () => Promise.resolve(incoming),
    keep: () => Promise.reject(failure),
  });
  const upload = await startUpload(repository);
  await expect(upload.commit(digest)).rejects.toBe(failure);
  expect(remove).toHaveBeenCalledOnce();
  await upload.cancel();
  expect(remove).toHaveBeenCalledOnce();
});
