import { open, lstat, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createHasher,
  verifiableAlgorithm,
  type Digest,
  type DigestAlgorithm,
  type Hasher,
} from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { readFileBytes } from './blob-file.ts';
import { removeQuietly } from './durable.ts';
import { about, isAbsent } from './failure.ts';
import { isStillAt, lockNow } from './lock.ts';
import type { Repository } from './repository.ts';
import { appendTo, randomName } from './temporary.ts';

/** An unfinished upload: a file in the layout's private folder, and what is remembered of it. */
export interface Session {
  readonly id: string;
  readonly path: string;
  /** What its digest will probably be of. */
  readonly algorithm: DigestAlgorithm;
  /** How many bytes there were when it was last looked at. */
  size: number;
  /** The hash of the first `size` bytes. Without one that covers all, the file is read again at the end. */
  running?: { readonly hasher: Hasher; readonly size: number };
}

const ID = /^[0-9a-f]{32}$/;

/** Begins an upload. */
export async function createSession(
  { uploads, disk }: Repository,
  algorithm: DigestAlgorithm,
): Promise<Session> {
  const id = randomName();
  const path = join(uploads, id);
  await disk.makeFolder(uploads);
  await (await open(path, 'wx')).close();
  return { id, path, algorithm, size: 0, running: { hasher: createHasher(algorithm), size: 0 } };
}

/** Goes on with an upload of this repository. @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN`. */
export async function resumeSession(
  repository: Repository,
  id: string,
  algorithm: DigestAlgorithm,
): Promise<Session> {
  if (!ID.test(id)) throw unknownUpload(repository);
  const path = join(repository.uploads, id);
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw unknownUpload(repository);
    return { id, path, algorithm, size: found.size };
  } catch (error) {
    throw isAbsent(error) ? unknownUpload(repository) : error;
  }
}

/**
 * Opens a session's file, and keeps all others from it until it is closed.
 * @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN`; `RANGE_INVALID` while somebody else has it.
 */
async function hold(repository: Repository, { path, size }: Session): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r+');
  } catch (error) {
    throw isAbsent(error) ? unknownUpload(repository) : error;
  }
  try {
    if (!(await lockNow(handle, path)))
      throw wrongRange(`the upload stands at ${size}, and another writer is at it`);
    // It may have been committed since we opened it: what we hold then is no upload any more, but a blob.
    if (!(await isStillAt(handle, path))) throw unknownUpload(repository);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What is known of a piece before it comes. */
export interface PieceOptions {
  readonly offset?: number;
  readonly size?: number;
}

/**
 * Appends a piece, as a whole or not at all.
 * @throws {RegistryError} `RANGE_INVALID`, `SIZE_INVALID`; the session stands where it stood.
 */
export async function append(
  repository: Repository,
  session: Session,
  stream: () => AsyncIterable<Uint8Array>,
  { offset, size }: PieceOptions,
): Promise<void> {
  const handle = await hold(repository, session);
  try {
    const start = (await about(session.path, handle.stat())).size;
    session.size = start;
    if (offset !== undefined && offset !== start)
      throw wrongRange(`the upload stands at ${start}, not at ${offset}`);
    const hasher = session.running?.size === start ? session.running.hasher : undefined;
    // Until the piece is whole the hash is that of no upload.
    delete session.running;
    try {
      const length = await appendTo(handle, session.path, counted(stream(), size, hasher), start);
      session.size = start + length;
      if (hasher !== undefined) session.running = { hasher, size: session.size };
    } catch (error) {
      await about(session.path, handle.truncate(start));
      throw error;
    }
  } finally {
    await handle.close();
  }
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  size: number | undefined,
  hasher: Hasher | undefined,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (size !== undefined && seen > size) throw wrongSize(`more than ${size}`, size);
    hasher?.update(chunk);
    yield chunk;
  }
  if (size !== undefined && seen !== size) throw wrongSize(String(seen), size);
}

/**
 * Makes a blob of a session. The session is gone then, whatever comes of it.
 * @throws {RegistryError} `DIGEST_INVALID`, `BLOB_UPLOAD_UNKNOWN`, `RANGE_INVALID`.
 */
export async function finish(
  repository: Repository,
  session: Session,
  digest: Digest,
  signal?: AbortSignal,
): Promise<number> {
  const { path } = session;
  const file = await repository.shelf.temporary();
  const handle = await hold(repository, session);
  let size: number;
  try {
    size = (await about(path, handle.stat())).size;
    const got = await digestOfSession(session, digest, size, signal);
    if (got !== digest) {
      await removeQuietly(path);
      throw new RegistryError(
        'DIGEST_INVALID',
        `expected ${digest}, got ${got ?? 'an algorithm that cannot be verified'}`,
        {
          status: 400,
          repository: repository.repository,
        },
      );
    }
    if (repository.disk.durable) await about(path, handle.sync());
    // First of all out of reach: were it still an upload when it is a blob already, one could go on writing to the blob.
    await rename(path, file);
  } finally {
    await handle.close();
  }
  await repository.shelf.place(file, digest, size, () => repository.create(signal));
  return size;
}

async function digestOfSession(
  { path, running, algorithm }: Session,
  digest: Digest,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Digest | undefined> {
  const wanted = verifiableAlgorithm(digest);
  if (wanted === undefined) return undefined;
  if (running?.size === size && algorithm === wanted) return running.hasher.digest();
  const hasher = createHasher(wanted);
  for await (const chunk of readFileBytes(path, signal && { signal })) hasher.update(chunk);
  return hasher.digest();
}

function unknownUpload({ repository }: Repository): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', `upload is not known in ${repository}`, {
    status: 404,
    repository,
  });
}

function wrongRange(problem: string): RegistryError {
  return new RegistryError('RANGE_INVALID', problem, { status: 416 });
}

function wrongSize(got: string, size: number): RegistryError {
  return new RegistryError('SIZE_INVALID', `the chunk has ${got} bytes, ${size} were announced`, {
    status: 400,
  });
}
