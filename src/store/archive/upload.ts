import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { createHasher, verifiableAlgorithm, type Digest } from '../../oci/index.ts';
import {
  checkDigest,
  openable,
  RegistryError,
  suspendable,
  type ChunkOptions,
  type PlainUpload,
  type Registry,
  type Source,
} from '../../registry/index.ts';
import { openRegular } from './bytes.ts';
import { onDisk } from './failure.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings.ts';
import { blobDescriptor } from './write.ts';

/** A blob that is still coming in: a file of the staging folder. */
interface Incoming {
  readonly path: string;
  /** In bytes. */
  size: number;
  /** Ends when the one writer that there may be has ended. */
  writing?: Promise<void>;
}

/** How long a writer may take whose end is waited for, in milliseconds. */
const PATIENCE = 5000;

/** Uploads live as long as the registry object: nobody else knows of the folder that they are in. */
export function uploadOperations(holdings: Holdings): Pick<Registry, 'startUpload'> {
  const { staging, file, repository } = holdings;
  const uploads = new Map<string, Incoming>();
  const find = (id: string): Incoming => {
    const upload = uploads.get(id);
    if (upload !== undefined) return upload;
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `upload is not known in ${repository}`, {
      status: 404,
      repository,
    });
  };
  const commit = async (id: string, digest: Digest): Promise<ReturnType<typeof blobDescriptor>> => {
    const { path, size } = find(id);
    const got = await digestOfFile(path, digest);
    uploads.delete(id);
    if (got !== digest) {
      await staging.remove(path);
      throw new RegistryError(
        'DIGEST_INVALID',
        `expected ${digest}, got ${got ?? 'an algorithm that cannot be verified'}`,
        { status: 400, repository },
      );
    }
    await holdings.keep(digest, path, size);
    return blobDescriptor(digest, size);
  };
  const uploadOf = (id: string, life: AbortSignal | undefined): PlainUpload => {
    const upload = find(id);
    const write = async (chunk: Source, options: ChunkOptions = {}): Promise<void> =>
      append(file, find(id), chunk, { ...options, signals: [life, options.signal] });
    return {
      id,
      get offset() {
        return upload.size;
      },
      minimumChunk: 0,
      write,
      async commit(digest, last) {
        checkDigest(digest);
        if (last !== undefined) await write(last.chunk, last);
        life?.throwIfAborted();
        return onDisk(file, () => commit(id, digest));
      },
      async cancel() {
        // One that was committed is a blob by now, and stays.
        if (uploads.delete(id)) await staging.remove(upload.path);
      },
    };
  };
  return {
    async startUpload(name, { resume, offset, signal } = {}) {
      signal?.throwIfAborted();
      checkIsOurs(holdings, name);
      const id = resume ?? randomBytes(16).toString('hex');
      if (resume === undefined) {
        const path = await onDisk(file, async () => {
          const fresh = await staging.newFile();
          await (await open(fresh, 'wx')).close();
          return fresh;
        });
        uploads.set(id, { path, size: 0 });
      } else if (offset === undefined) await writerEnds(find(id));
      return suspendable(uploadOf(id, signal), name);
    },
  };
}

/** Waits for whoever is still writing, for a while: only then is it certain where the upload stands. */
async function writerEnds({ writing }: Incoming): Promise<void> {
  if (writing === undefined) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
  await Promise.race([writing, late]);
  clearTimeout(timer);
}

interface AppendOptions extends Omit<ChunkOptions, 'signal'> {
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** Takes a chunk. Of one that breaks off, what came is kept; of one that is not as long as announced, nothing. */
async function append(
  file: string,
  upload: Incoming,
  chunk: Source,
  { offset, size, signals }: AppendOptions,
): Promise<void> {
  for (const signal of signals) signal?.throwIfAborted();
  if ((offset !== undefined && offset !== upload.size) || upload.writing !== undefined) {
    throw new RegistryError(
      'RANGE_INVALID',
      `the upload stands at ${upload.size}, not at ${offset ?? 'a place for another writer'}`,
      { status: 416 },
    );
  }
  let done = (): void => {};
  upload.writing = new Promise((resolve) => (done = resolve));
  try {
    const handle = await onDisk(file, () => open(upload.path, 'a'));
    try {
      await appendTo(handle, { file, chunk, at: upload.size, size, signals });
    } finally {
      upload.size = (await handle.stat()).size;
      await handle.close();
    }
  } finally {
    delete upload.writing;
    done();
  }
}

interface Chunk extends Pick<AppendOptions, 'signals'> {
  readonly size: number | undefined;
  /** The archive, for errors. */
  readonly file: string;
  readonly chunk: Source;
  /** Where the upload stands, in bytes. */
  readonly at: number;
}

async function appendTo(handle: FileHandle, { file, chunk, at, size, signals }: Chunk): Promise<void> {
  let length = 0;
  try {
    // What the source fails with is not the disk's.
    for await (const piece of openable(chunk).open()) {
      for (const signal of signals) signal?.throwIfAborted();
      await onDisk(file, () => handle.writeFile(piece));
      length += piece.length;
      if (size !== undefined && length > size) throw wrongSize('more', size);
    }
    if (size !== undefined && length !== size) throw wrongSize(`${length}`, size);
  } catch (error) {
    // Of what cannot be right nothing is kept.
    if (error instanceof RegistryError && error.code === 'SIZE_INVALID')
      await onDisk(file, () => handle.truncate(at));
    throw error;
  }
}

function wrongSize(got: string, size: number): RegistryError {
  return new RegistryError('SIZE_INVALID', `the chunk has ${got} bytes, ${size} were announced`, {
    status: 400,
  });
}

async function digestOfFile(path: string, digest: Digest): Promise<Digest | undefined> {
  const algorithm = verifiableAlgorithm(digest);
  const handle = algorithm === undefined ? undefined : await openRegular(path);
  if (handle === undefined) return undefined;
  try {
    const hasher = createHasher(algorithm);
    const stream = handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false });
    for await (const piece of stream) hasher.update(piece as Uint8Array);
    return hasher.digest();
  } finally {
    await handle.close();
  }
}
