import type { Digest } from '../../oci/index.ts';
import { RegistryError, type ByteRange } from '../../registry/index.ts';
import { openRegular, piecesOf, type ArchiveBytes } from './bytes.ts';
import { onDisk } from './failure.ts';
import type { Span } from './inventory.ts';
import type { BlobPlace } from './reader.ts';

/** What of a blob to read, and until when. */
export interface ReadOptions {
  readonly range?: Required<ByteRange> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A blob that is there. */
export interface StoredBlob {
  /** In bytes. */
  readonly size: number;
  /** Its bytes, not verified yet. @throws {RegistryError} for which `isStale` is true, when its file changed. */
  read(options: ReadOptions): AsyncGenerator<Uint8Array>;
}

/** Finds a blob among those that are there at one moment. */
export type FindBlob = (digest: Digest) => StoredBlob | undefined;

/** A blob of the archive as it was read. */
export function blobAt(file: string, bytes: ArchiveBytes, place: BlobPlace): StoredBlob {
  if ('made' in place) {
    const { made } = place;
    return {
      size: made.length,
      async *read({ range }) {
        yield range === undefined ? made : made.subarray(range.start, range.end);
      },
    };
  }
  return { size: place.size, read: (options) => readSpan(file, bytes, place, options) };
}

async function* readSpan(
  file: string,
  bytes: ArchiveBytes,
  { offset, size }: Span,
  { range = { start: 0, end: size }, signal }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const opened = await onDisk(file, () => bytes.open());
  if (opened === undefined) throw stale(file);
  try {
    yield* piecesOf(opened, offset + range.start, offset + range.end, signal);
  } finally {
    await opened.close();
  }
}

/** A blob that was pushed, and is in a file of its own until it is in the archive. */
export function stagedBlob(file: string, path: string, size: number): StoredBlob {
  return {
    size,
    async *read({ range = { start: 0, end: size }, signal }) {
      signal?.throwIfAborted();
      const handle = await onDisk(file, () => openRegular(path));
      if (handle === undefined) throw stale(file);
      const reader = {
        size,
        read: async (at: number, length: number) => {
          const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, at);
          return buffer.subarray(0, bytesRead);
        },
      };
      try {
        yield* piecesOf(reader, range.start, range.end, signal);
      } finally {
        await handle.close();
      }
    },
  };
}

/** How often a blob is looked for anew when the archive changes under those who read it. */
const ATTEMPTS = 3;

/** Reads a blob from wherever it is by now: its digest says that it is the same. */
export async function* readAnywhere(
  find: () => Promise<StoredBlob | undefined>,
  missing: () => Error,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    const blob = await find();
    if (blob === undefined) throw missing();
    try {
      yield* blob.read(options);
      return;
    } catch (error) {
      // It says so before the first byte, or not at all.
      if (!isStale(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

const STALE = 'the archive was replaced';

/** Whether an error says that what was read is no longer there as it was. */
export function isStale(error: unknown): boolean {
  return error instanceof RegistryError && error.detail === STALE;
}

/** The error for what is no longer there as it was. */
export function stale(file: string): RegistryError {
  return new RegistryError('UNAVAILABLE', `${file} was replaced while it was read: ask again`, {
    detail: STALE,
  });
}
