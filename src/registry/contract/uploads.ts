import { mediaTypes } from '../../oci/index.ts';
import { isNotFound, RegistryError } from '../error.ts';
import type { Registry } from '../registry.ts';
import { cases, type ContractCase } from './case.ts';
import { bytes, describe, noise, pushBlob } from './content.ts';
import { code, read, refused, same } from './expect.ts';

const parts = [noise(1, 4000), noise(2, 1), noise(3, 70_000)];
const whole = new Uint8Array(parts.flatMap((part) => [...part]));
const { digest } = describe(whole);

const stored = async (registry: Registry, repository = 'a/b'): Promise<void> =>
  same(await read(await registry.getBlob(repository, digest)), whole, 'the blob');

export const uploadCases: readonly ContractCase[] = cases('uploads', {
  'chunk by chunk': async (registry) => {
    const upload = await registry.startUpload('a/b');
    same(upload.offset, 0, 'offset at the start');
    let offset = 0;
    for (const part of parts) {
      await upload.write(part, { offset, size: part.length });
      same(upload.offset, (offset += part.length), 'offset');
    }
    same(
      await upload.commit(digest),
      { mediaType: mediaTypes.octetStream, digest, size: whole.length },
      'descriptor',
    );
    await stored(registry);
  },
  'the last chunk with the commit, and streams of unknown length': async (registry) => {
    const stream = async function* (part: Uint8Array): AsyncGenerator<Uint8Array> {
      yield part.subarray(0, 100);
      yield part.subarray(100);
    };
    const upload = await registry.startUpload('a/b');
    await upload.write(stream(whole.subarray(0, 50_000)));
    await upload.commit(digest, { chunk: stream(whole.subarray(50_000)) });
    await stored(registry);
  },
  'all of it with the commit': async (registry) => {
    await (await registry.startUpload('a/b')).commit(digest, { chunk: whole, size: whole.length });
    await stored(registry);
  },
  'nothing at all': async (registry) => {
    const empty = describe(new Uint8Array());
    await (await registry.startUpload('a/b')).commit(empty.digest);
    same((await registry.resolveBlob('a/b', empty.digest)).size, 0, 'size');
  },
  'sha512, announced or not': async (registry) => {
    const long = describe(whole, undefined, 'sha512').digest;
    for (const algorithm of ['sha512', undefined] as const) {
      const upload = await registry.startUpload(
        `a/${algorithm ?? 'b'}`,
        algorithm === undefined ? {} : { algorithm },
      );
      await upload.write(whole);
      await upload.commit(long);
      same(await read(await registry.getBlob(`a/${algorithm ?? 'b'}`, long)), whole, 'the blob');
    }
  },
  'gone on with later': async (registry) => {
    const first = await registry.startUpload('a/b');
    await first.write(whole.subarray(0, 1000), { size: 1000 });
    const second = await registry.startUpload('a/b', { resume: first.id });
    same(second.offset, 1000, 'offset');
    await second.write(whole.subarray(1000), { offset: 1000, size: whole.length - 1000 });
    await (await registry.startUpload('a/b', { resume: second.id })).commit(digest);
    await stored(registry);
  },
  'suspended, and gone on with': async (registry) => {
    const first = await registry.startUpload('a/b');
    await first.write(whole.subarray(0, 1000), { size: 1000 });
    // What is under way ends first.
    const [, id] = await Promise.all([
      first.write(whole.subarray(1000, 3000), { size: 2000 }),
      first.suspend(),
    ]);
    await refused(first.write(whole.subarray(3000)), code('BLOB_UPLOAD_INVALID'), 'a chunk after that');
    await refused(
      first.commit(digest, { chunk: whole.subarray(3000) }),
      code('BLOB_UPLOAD_INVALID'),
      'a commit after that',
    );
    const second = await registry.startUpload('a/b', { resume: id });
    same(second.offset, 3000, 'offset');
    await second.commit(digest, { chunk: whole.subarray(3000), offset: 3000, size: whole.length - 3000 });
    await stored(registry);
  },
  'a chunk that breaks off: the upload goes on where the registry says': async (registry) => {
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield whole.subarray(1000, 3000);
      // Later, as it is with networks: what came before is on its way.
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new RegistryError('SOURCE_CONSUMED', 'the source broke');
    };
    const first = await registry.startUpload('a/b');
    await first.write(whole.subarray(0, 1000), { size: 1000 });
    await refused(
      first.write(breaking(), { offset: 1000, size: whole.length - 1000 }),
      // A server that runs in our own process gets to see it, and answers that it failed.
      code('SOURCE_CONSUMED', 'UNAVAILABLE'),
      'the chunk',
    );
    const second = await registry.startUpload('a/b', { resume: first.id });
    const { offset } = second;
    same(offset >= 1000 && offset <= 3000, true, `that it stands between 1000 and 3000, not at ${offset}`);
    await second.commit(digest, { chunk: whole.subarray(offset), offset, size: whole.length - offset });
    await stored(registry);
  },
  'a chunk that does not fit is refused, and the upload lives': async (registry) => {
    const upload = await registry.startUpload('a/b');
    await upload.write(whole.subarray(0, 1000), { offset: 0, size: 1000 });
    for (const offset of [0, 500, 1001, 5000]) {
      await refused(
        upload.write(whole.subarray(0, 500), { offset, size: 500 }),
        code('RANGE_INVALID'),
        `at ${offset}`,
      );
    }
    await refused(
      upload.commit(digest, { chunk: whole.subarray(5000), offset: 5000, size: whole.length - 5000 }),
      code('RANGE_INVALID'),
      'at the commit',
    );
    const resumed = await registry.startUpload('a/b', { resume: upload.id });
    same(resumed.offset, 1000, 'offset after that');
    await resumed.commit(digest, { chunk: whole.subarray(1000), offset: 1000, size: whole.length - 1000 });
    await stored(registry);
  },
  'the wrong bytes are refused, and not kept': async (registry) => {
    const upload = await registry.startUpload('a/b');
    await upload.write(bytes('something else'));
    await refused(upload.commit(digest), code('DIGEST_INVALID'), 'commit');
    await refused(registry.resolveBlob('a/b', digest), isNotFound, 'the blob');
    await refused(registry.startUpload('a/b', { resume: upload.id }), isNotFound, 'the upload');
  },
  'cancelled, and finished': async (registry) => {
    const cancelled = await registry.startUpload('a/b');
    await cancelled.write(whole.subarray(0, 10));
    await cancelled.cancel();
    await refused(registry.startUpload('a/b', { resume: cancelled.id }), isNotFound, 'cancelled');
    const finished = await registry.startUpload('a/b');
    await finished.commit(digest, { chunk: whole });
    await refused(registry.startUpload('a/b', { resume: finished.id }), isNotFound, 'finished');
    await finished.cancel();
    await stored(registry);
  },
  'belong to their repository, and cannot be made up': async (registry) => {
    await pushBlob(registry, 'c/d', bytes('so that it is there'));
    const { id } = await registry.startUpload('a/b');
    await refused(registry.startUpload('c/d', { resume: id }), isNotFound, 'elsewhere');
    for (const madeUp of [
      '',
      '..',
      '../../etc/passwd',
      'nothing',
      'http://127.0.0.1:1/v2/a/b/blobs/uploads/x',
      '0'.repeat(32),
    ]) {
      await refused(registry.startUpload('a/b', { resume: madeUp }), isNotFound, madeUp);
    }
  },
});
