import type { Digest } from '../../../oci/index.ts';
import type { ByteRange } from '../../../registry/index.ts';
import { onDisk } from '../failure.ts';
import { bytesOf, openRegular, piecesOf, type ArchiveBytes } from '../file/bytes.ts';
import { ATTEMPTS, isStale, stale } from '../file/stale.ts';
import type { Span } from './inventory.ts';

/** Where a blob of an archive is: in its tar, or made by us of what is there. */
export type BlobPlace = Span | { readonly made: Uint8Array };

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
      try {
        yield* piecesOf(bytesOf(handle, size), range.start, range.end, signal);
      } finally {
        await handle.close();
      }
    },
  };
}

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
