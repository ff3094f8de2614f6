import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/oci/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { config, piece, pushBlob } from './image.ts';

const folder = temporaryFolder();
let registry: Registry;
beforeEach(() => {
  registry = layoutRegistry(folder());
});
const bytes = Buffer.from('the bytes of a blob');
const { digest } = piece(bytes).descriptor;
const uploads = (): Promise<string[]> => readdir(join(folder(), 'a/.stowage/uploads'));
const unknown = { code: 'BLOB_UPLOAD_UNKNOWN', status: 404 };

describe('an upload', () => {
  test('goes on after a restart, in its repository alone', async () => {
    const first = await registry.startUpload('a');
    expect(first.id).toMatch(/^[0-9a-f]{32}$/);
    await first.write(bytes.subarray(0, 4));
    const later = layoutRegistry(folder());
    await expect(later.startUpload('b', { resume: first.id })).rejects.toMatchObject(unknown);
    const second = await later.startUpload('a', { resume: first.id });
    expect(second.offset).toBe(4);
    await second.write(bytes.subarray(4, 9), { offset: 4, size: 5 });
    const descriptor = await second.commit(digest, { chunk: bytes.subarray(9), offset: 9 });
    expect(descriptor).toMatchObject({ digest, size: bytes.length });
    expect(await (await registry.getBlob('a', digest)).bytes()).toEqual(bytes);
    for (const action of [() => first.write(bytes), () => second.commit(digest), () => second.write(bytes)]) {
      await expect(action()).rejects.toMatchObject(unknown);
    }
    await expect(registry.startUpload('a', { resume: first.id })).rejects.toMatchObject(unknown);
    expect(await uploads()).toEqual([]);
  });

  test('is not found by a name that is none', async () => {
    await pushBlob(registry, 'a', config);
    for (const resume of [
      '',
      '..',
      '../../index.json',
      '../lock',
      'A'.repeat(32),
      '0'.repeat(32),
      '0'.repeat(31),
    ]) {
      await expect(registry.startUpload('a', { resume })).rejects.toMatchObject(unknown);
    }
  });

  test('that another process wrote to in between is hashed again', async () => {
    const mine = await registry.startUpload('a');
    await mine.write(bytes.subarray(0, 4));
    const theirs = await layoutRegistry(folder()).startUpload('a', { resume: mine.id });
    await theirs.write(bytes.subarray(4, 9));
    await mine.write(bytes.subarray(9), { offset: 9 });
    await mine.commit(digest);
  });

  test('takes a digest of another algorithm than was told', async () => {
    const upload = await registry.startUpload('a', { algorithm: 'sha256' });
    await upload.write(bytes);
    const other = digestOf(bytes, 'sha512');
    await upload.commit(other);
    expect(await (await registry.getBlob('a', other)).bytes()).toEqual(bytes);
  });

  test.each([
    ['another digest', digestOf(Buffer.from('other'))],
    ['a digest that cannot be verified', 'md5:abc' as typeof digest],
  ])('with %s is gone', async (_, wrong) => {
    const upload = await registry.startUpload('a');
    await upload.write(bytes);
    await expect(upload.commit(wrong)).rejects.toMatchObject({ code: 'DIGEST_INVALID', status: 400 });
    await expect(upload.commit(digest)).rejects.toMatchObject(unknown);
    expect(await uploads()).toEqual([]);
  });

  test('that is cancelled is gone, a committed blob is not', async () => {
    const upload = await registry.startUpload('a');
    await upload.cancel();
    await upload.cancel();
    await expect(upload.write(bytes)).rejects.toMatchObject(unknown);
    const other = await registry.startUpload('a');
    await other.commit(digest, { chunk: bytes });
    await other.cancel();
    await registry.resolveBlob('a', digest);
  });

  test('that was committed cannot be written to, though its name came back', async () => {
    const upload = await registry.startUpload('a');
    await upload.commit(digest, { chunk: bytes });
    expect(await readFile(join(folder(), 'a/blobs', digest.replace(':', '/')))).toEqual(bytes);
    expect(await readdir(join(folder(), 'a/.stowage/tmp'))).toEqual([]);
  });
});

describe('a chunk', () => {
  test.each([
    ['in the wrong place', bytes, { offset: 3 }, { code: 'RANGE_INVALID', status: 416 }],
    ['that is longer than announced', bytes, { size: 5 }, { code: 'SIZE_INVALID', status: 400 }],
    ['that is shorter than announced', bytes, { size: 50 }, { code: 'SIZE_INVALID', status: 400 }],
  ])('%s leaves the upload where it stood', async (_, chunk, options, error) => {
    const upload = await registry.startUpload('a');
    await upload.write(bytes.subarray(0, 4));
    await expect(upload.write(chunk, options)).rejects.toMatchObject(error);
    expect(upload.offset).toBe(4);
    await expect(upload.commit(digest, { chunk, ...options })).rejects.toMatchObject(error);
    expect((await registry.startUpload('a', { resume: upload.id })).offset).toBe(4);
    await upload.write(bytes.subarray(4), { offset: 4 });
    await upload.commit(digest);
  });

  const broken = new Error('the source failed');
  const breaking = async function* (...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* pieces;
    throw broken;
  };

  test.each([undefined, 15])('that breaks off is kept as far as it came (%s announced)', async (size) => {
    const options = size === undefined ? {} : { size };
    const upload = await registry.startUpload('a');
    await upload.write(bytes.subarray(0, 4));
    const piece = breaking(bytes.subarray(4, 6), bytes.subarray(6, 9));
    await expect(upload.write(piece, options)).rejects.toBe(broken);
    expect(upload.offset).toBe(9);
    const last = breaking(bytes.subarray(9, 11));
    await expect(upload.commit(digest, { chunk: last, offset: 9 })).rejects.toBe(broken);
    const resumed = await layoutRegistry(folder()).startUpload('a', { resume: upload.id });
    expect(resumed.offset).toBe(11);
    // By the hash that went along, and by that of the file.
    await (size === undefined ? upload : resumed).commit(digest, { chunk: bytes.subarray(11), offset: 11 });
  });

  test('that is longer than announced, and breaks off, is not kept', async () => {
    const upload = await registry.startUpload('a');
    await expect(upload.write(breaking(bytes), { size: 5 })).rejects.toMatchObject({ code: 'SIZE_INVALID' });
    expect((await registry.startUpload('a', { resume: upload.id })).offset).toBe(0);
  });

  test('under way is waited for by who asks where the upload stands', async () => {
    const upload = await registry.startUpload('a');
    let go = (): void => {};
    const wait = new Promise<void>((resolve) => (go = resolve));
    const slow = upload.write(async function* () {
      yield bytes.subarray(0, 4);
      await wait;
      yield bytes.subarray(4, 9);
      throw broken;
    });
    slow.catch(() => {});
    const asking = layoutRegistry(folder()).startUpload('a', { resume: upload.id });
    await sleep(60);
    go();
    expect((await asking).offset).toBe(9);
    await expect(slow).rejects.toBe(broken);
  });

  test('at a time', async () => {
    const upload = await registry.startUpload('a');
    const other = await layoutRegistry(folder()).startUpload('a', { resume: upload.id });
    let go = (): void => {};
    const wait = new Promise<void>((resolve) => (go = resolve));
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => (begun = resolve));
    const slow = upload.write(async function* () {
      begun();
      yield bytes.subarray(0, 4);
      await wait;
      yield bytes.subarray(4);
    });
    await started;
    for (const action of [
      () => upload.write(bytes),
      () => other.write(bytes),
      () => other.commit(digest),
      () => upload.commit(digest),
    ]) {
      await expect(action()).rejects.toMatchObject({ code: 'RANGE_INVALID', status: 416 });
    }
    go();
    await slow;
    await other.commit(digest);
  });

  test('ends with the signal, that of the upload or its own', async () => {
    const controller = new AbortController();
    const upload = await registry.startUpload('a', { signal: controller.signal });
    const aborting = async function* (): AsyncGenerator<Uint8Array> {
      controller.abort();
      yield bytes;
    };
    await expect(upload.write(aborting)).rejects.toThrow('abort');
    expect(upload.offset).toBe(0);
    await expect(upload.write(bytes)).rejects.toThrow('abort');
    const resumed = await registry.startUpload('a', { resume: upload.id });
    await expect(resumed.write(bytes, { signal: AbortSignal.abort() })).rejects.toThrow('abort');
    await resumed.write(bytes);
    await resumed.commit(digest);
  });
});

describe('what is left behind', () => {
  test('goes when a process first writes, once it is old', async () => {
    const old = await registry.startUpload('a');
    await mkdir(join(folder(), 'a/.stowage/tmp'), { recursive: true });
    await writeFile(join(folder(), 'a/.stowage/tmp/stray'), 'x');
    const patient = layoutRegistry(folder());
    await pushBlob(patient, 'a', config);
    expect(await uploads()).toEqual([old.id]);
    await sleep(60);
    // A link to an old file is not old.
    await link(
      join(folder(), 'a/blobs', config.descriptor.digest.replace(':', '/')),
      join(folder(), 'a/.stowage/tmp/fresh'),
    );
    const strict = layoutRegistry(folder(), { uploadExpiry: 50 });
    await strict.resolveBlob('a', config.descriptor.digest);
    expect(await uploads()).toEqual([old.id]);
    const fresh = await strict.startUpload('a');
    expect(await uploads()).toEqual([fresh.id]);
    expect(await readdir(join(folder(), 'a/.stowage/tmp'))).toEqual(['fresh']);
    await expect(old.write(bytes)).rejects.toMatchObject(unknown);
    // Also in a process that goes on for long.
    await sleep(60);
    const later = await strict.startUpload('a');
    expect(await uploads()).toEqual([later.id]);
  });
});
