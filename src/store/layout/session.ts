import { open, lstat, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStillAt, lockNow } from '../../disk/index.ts';
import {
  createHasher,
  verifiableAlgorithm,
  type Digest,
  type DigestAlgorithm,
  type Hasher,
} from '../../oci/index.ts';
import { uploadUnknown, wrongChunk, wrongDigest, wrongOffset } from '../../registry/index.ts';
import { readFileBytes } from './blob-file.ts';
import { removeQuietly } from './durable.ts';
import { about, isAbsent } from './failure.ts';
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

/** Settings of going on with an upload. */
export interface ResumeOptions {
  readonly algorithm: DigestAlgorithm;
  /** Whether to wait for a writer who is still at it: only then is it certain where the upload stands. */
  readonly waits: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Goes on with an upload of this repository. @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN`. */
export async function resumeSession(
  repository: Repository,
  id: string,
  { algorithm, waits, signal }: ResumeOptions,
): Promise<Session> {
  if (!ID.test(id)) throw uploadUnknown(repository.repository);
  const path = join(repository.uploads, id);
  try {
    if (waits) await writersEnd(path, signal);
    const found = await lstat(path);
    if (!found.isFile()) throw uploadUnknown(repository.repository);
    return { id, path, algorithm, size: found.size };
  } catch (error) {
    throw isAbsent(error) ? uploadUnknown(repository.repository) : error;
  }
}

/** How long a writer may take whose end is waited for, and how long it is between two looks, in milliseconds. */
const WRITER = { patience: 5000, between: 20, looks: 3 };

/**
 * Waits until nobody writes to a session, as far as that takes no longer than it would for one whose caller is gone. What
 * such a one still holds is written first, and whoever asked too early would send it a second time.
 */
async function writersEnd(path: string, signal: AbortSignal | undefined): Promise<void> {
  for (const end = performance.now() + WRITER.patience; ;) {
    signal?.throwIfAborted();
    const handle = await open(path, 'r+');
    try {
      if (await lockNow(handle, path)) return;
    } finally {
      await handle.close();
    }
    if (performance.now() > end) return;
    await sleep(WRITER.between);
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
    throw isAbsent(error) ? uploadUnknown(repository.repository) : error;
  }
  try {
    // Who only asks where the upload stands has it for a moment.
    for (let looks = 1; !(await lockNow(handle, path)); looks++) {
      if (looks === WRITER.looks)
        throw wrongOffset(`the upload stands at ${size}, and another writer is at it`);
      await sleep(WRITER.between);
    }
    // It may have been committed since we opened it: what we hold then is no upload any more, but a blob.
    if (!(await isStillAt(handle, path))) throw uploadUnknown(repository.repository);
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
 * Appends a piece. Of one whose stream breaks off, what came is kept: it need not be sent again.
 * @throws {RegistryError} `RANGE_INVALID`, `SIZE_INVALID`; the session stands where it stood. What the stream broke off
 * with; then it stands where that was.
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
      throw wrongOffset(`the upload stands at ${start}, not at ${offset}`);
    const hasher = session.running?.size === start ? session.running.hasher : undefined;
    // Until the piece is written the hash is that of no upload.
    delete session.running;
    const piece = untilBreak(stream());
    try {
      const length = await appendTo(handle, session.path, counted(piece, size, hasher), start);
      session.size = start + length;
      if (hasher !== undefined) session.running = { hasher, size: session.size };
    } catch (error) {
      await about(session.path, handle.truncate(start));
      throw error;
    }
    if (piece.failure !== undefined) throw piece.failure.error;
  } finally {
    await handle.close();
  }
}

/** A stream that ends where it breaks off, and tells that it did. */
interface Breakable extends AsyncIterable<Uint8Array> {
  /** In a box, as anything may be thrown. */
  readonly failure: { readonly error: unknown } | undefined;
}

function untilBreak(stream: AsyncIterable<Uint8Array>): Breakable {
  let failure: Breakable['failure'];
  return {
    get failure() {
      return failure;
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* stream;
      } catch (error) {
        failure = { error };
      }
    },
  };
}

async function* counted(
  stream: Breakable,
  size: number | undefined,
  hasher: Hasher | undefined,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (size !== undefined && seen > size) throw wrongChunk(`more than ${size}`, size);
    hasher?.update(chunk);
    yield chunk;
  }
  if (size !== undefined && seen !== size && stream.failure === undefined)
    throw wrongChunk(String(seen), size);
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
      throw wrongDigest(digest, got, repository.repository);
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
