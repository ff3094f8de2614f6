/**
 * Uploads in pieces to a store that keeps them as long as its registry object lives. Where the bytes go differs; who may
 * write when, and what is checked, does not.
 */
import { createHasher, verifiableAlgorithm, type Digest } from '../oci/index.ts';
import { blobDescriptor } from './blob-descriptor.ts';
import { RegistryError } from './error.ts';
import { checkDigest, checkRepository } from './names.ts';
import type { ChunkOptions, Registry } from './registry.ts';
import { openable, type Source } from './source.ts';
import { suspendable, type PlainUpload } from './suspension.ts';

/** The bytes of an upload, until it is known which blob they are. */
export interface Incoming {
  /** How many came, in bytes. */
  readonly size: number;
  /** Takes a stream's bytes behind those that came before. Of a stream that fails, what came stays. */
  append(stream: AsyncIterable<Uint8Array>): Promise<void>;
  /** Drops what came after so many bytes. */
  truncate(size: number): Promise<void>;
  /** All of it, from the beginning. */
  read(): AsyncIterable<Uint8Array>;
  /** Drops all of it. */
  remove(): Promise<void>;
}

/** What takes uploads in. */
export interface UploadStore<T extends Incoming> {
  /** Begins one. @throws {RegistryError} `NAME_INVALID` and others, where there can be none. */
  begin(repository: string): Promise<T>;
  /** Makes a blob of one, which has been verified. */
  keep(repository: string, digest: Digest, incoming: T): Promise<void>;
}

interface Session<T extends Incoming> {
  readonly repository: string;
  readonly incoming: T;
  /** Ends when the one writer that there may be has ended. */
  writing?: Promise<void>;
}

/** The operation of a store by which blobs are pushed in pieces. An id is good as long as the registry object lives. */
export function uploadsTo<T extends Incoming>({
  begin,
  keep,
}: UploadStore<T>): Pick<Registry, 'startUpload'> {
  const sessions = new Map<string, Session<T>>();
  const find = (repository: string, id: string): Session<T> => {
    const session = sessions.get(id);
    if (session?.repository !== repository) throw uploadUnknown(repository);
    return session;
  };
  const uploadOf = (repository: string, id: string, life: AbortSignal | undefined): PlainUpload => {
    const { incoming } = find(repository, id);
    const write = async (chunk: Source, { signal, ...options }: ChunkOptions = {}): Promise<void> =>
      append(find(repository, id), chunk, { ...options, signals: [life, signal] });
    return {
      id,
      get offset() {
        return incoming.size;
      },
      minimumChunk: 0,
      write,
      async commit(digest, last) {
        checkDigest(digest);
        if (last !== undefined) await write(last.chunk, last);
        life?.throwIfAborted();
        checkUnused(find(repository, id));
        sessions.delete(id);
        try {
          await verifyIncoming(incoming, digest, repository);
          await keep(repository, digest, incoming);
        } catch (error) {
          // Nobody can come back to it.
          await incoming.remove().catch(() => {});
          throw error;
        }
        return blobDescriptor(digest, incoming.size);
      },
      async cancel() {
        // One that was committed is a blob by now, and stays.
        if (sessions.delete(id)) await incoming.remove();
      },
    };
  };
  return {
    async startUpload(repository, { resume, offset, signal } = {}) {
      signal?.throwIfAborted();
      checkRepository(repository);
      const id = resume ?? randomId();
      if (resume === undefined) sessions.set(id, { repository, incoming: await begin(repository) });
      else if (offset === undefined) await writerEnds(find(repository, id));
      return suspendable(uploadOf(repository, id, signal), repository);
    },
  };
}

/** 128 random bits, as nobody is to guess the uploads of others. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** How long a writer may take whose end is waited for, in milliseconds. */
const PATIENCE = 5000;

/** Waits for whoever is still writing, for a while: only then is it certain where the upload stands. */
async function writerEnds({ writing }: Session<Incoming>): Promise<void> {
  if (writing === undefined) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
  await Promise.race([writing, late]);
  clearTimeout(timer);
}

function checkUnused({ incoming, writing }: Session<Incoming>): void {
  if (writing !== undefined)
    throw wrongOffset(`the upload stands at ${incoming.size}, and another writer is at it`);
}

interface AppendOptions extends Omit<ChunkOptions, 'signal'> {
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** Takes a chunk. Of one that breaks off, what came is kept; of one that is not as long as announced, nothing. */
async function append(
  session: Session<Incoming>,
  chunk: Source,
  { offset, size, signals }: AppendOptions,
): Promise<void> {
  const { incoming } = session;
  for (const signal of signals) signal?.throwIfAborted();
  checkUnused(session);
  const start = incoming.size;
  if (offset !== undefined && offset !== start)
    throw wrongOffset(`the upload stands at ${start}, not at ${offset}`);
  let done = (): void => {};
  session.writing = new Promise((resolve) => (done = resolve));
  try {
    await incoming.append(counted(openable(chunk).open(), size, signals));
  } catch (error) {
    // Of what cannot be right nothing is kept.
    if (error instanceof RegistryError && error.code === 'SIZE_INVALID') await incoming.truncate(start);
    throw error;
  } finally {
    delete session.writing;
    done();
  }
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  size: number | undefined,
  signals: AppendOptions['signals'],
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of stream) {
    for (const signal of signals) signal?.throwIfAborted();
    length += piece.length;
    if (size !== undefined && length > size) throw wrongChunk(`more than ${size}`, size);
    yield piece;
  }
  if (size !== undefined && length !== size) throw wrongChunk(String(length), size);
}

async function verifyIncoming(incoming: Incoming, digest: Digest, repository: string): Promise<void> {
  const algorithm = verifiableAlgorithm(digest);
  let got: Digest | undefined;
  if (algorithm !== undefined) {
    const hasher = createHasher(algorithm);
    for await (const piece of incoming.read()) hasher.update(piece);
    got = hasher.digest();
  }
  if (got !== digest) throw wrongDigest(digest, got, repository);
}

/** The error for an upload that is not there, or is one to another repository. */
export function uploadUnknown(repository: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', `upload is not known in ${repository}`, {
    status: 404,
    repository,
  });
}

/** The error for a chunk that does not go on where its upload stands. @param problem what is told of both */
export function wrongOffset(problem: string): RegistryError {
  return new RegistryError('RANGE_INVALID', problem, { status: 416 });
}

/**
 * The error for a chunk that is not as long as was announced.
 * @param got what is told of its length
 * @param size what was announced, in bytes
 */
export function wrongChunk(got: string, size: number): RegistryError {
  return new RegistryError('SIZE_INVALID', `the chunk has ${got} bytes, ${size} were announced`, {
    status: 400,
  });
}

/** The error for an upload that is not the blob that it was said to be. @param got undefined if nobody can tell */
export function wrongDigest(digest: Digest, got: Digest | undefined, repository: string): RegistryError {
  const other = got ?? 'an algorithm that cannot be verified';
  return new RegistryError('DIGEST_INVALID', `expected ${digest}, got ${other}`, { status: 400, repository });
}
