import type { Descriptor, Digest } from '../oci/index.ts';
import { createBlobWindow, type BlobWindow } from './blob-window.ts';
import type { Content } from './content.ts';
import { errorCode, RegistryError } from './error.ts';
import type { Options, Registry } from './registry.ts';

/** Settings of a reader. The signal covers its whole life. */
export interface OpenBlobOptions extends Options {
  /**
   * How far a place may lie ahead of what is read, in bytes, for what is between to be read and dropped rather than
   * asked for anew; and how much of what was read is kept for those who go back. 1 MiB unless told.
   */
  readonly readAhead?: number;
}

/** Where a seek counts from. */
export type SeekOrigin = 'start' | 'current' | 'end';

/**
 * A blob, with a place in it. Nothing is asked of the registry before something is read, or the size has to be known.
 * Reads happen one after the other, in the order in which they were asked for.
 *
 * Who reads from the start to the end, without a jump, has it verified as `Content` is; what is read in parts is what
 * the registry sent, of the right length.
 */
export interface BlobReader extends AsyncIterable<Uint8Array> {
  readonly digest: Digest;
  /** In bytes. Undefined until a descriptor, or an answer, has told. */
  readonly size: number | undefined;
  /** Where the next read begins, in bytes. May lie past the end. */
  readonly position: number;
  /**
   * Moves, and asks for nothing; only the size, where it is not known and counts.
   * @param offset in bytes, negative to go back from where `from` says; `start` unless told
   * @returns the new position
   * @throws {RegistryError} `RANGE_INVALID` for a place before the start; the position stays then.
   */
  seek(offset: number, from?: SeekOrigin): Promise<number>;
  /**
   * Reads on from the position.
   * @param length in bytes
   * @returns as many bytes, or fewer at the end, where there are none
   */
  read(length: number): Promise<Uint8Array>;
  /**
   * Reads elsewhere: the position stays, and so does what was opened for it.
   * @param position in bytes
   * @param length in bytes
   */
  readAt(position: number, length: number): Promise<Uint8Array>;
  /** Ends what is under way. Everything else fails afterwards with `SOURCE_CONSUMED`; to close again does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a blob of any registry to be read here and there.
 * @param blob its descriptor, or its digest, if the size is not known
 * @example
 * ```ts
 * const reader = openBlob(registry, 'library/hello-world', layer);
 * await reader.seek(-22, 'end');
 * const directory = await reader.read(22);
 * await reader.close();
 * ```
 */
export function openBlob(
  registry: Registry,
  repository: string,
  blob: Digest | Pick<Descriptor, 'digest' | 'size'>,
  options: OpenBlobOptions = {},
): BlobReader {
  const { readAhead = 1024 * 1024 } = options;
  const digest = typeof blob === 'string' ? blob : blob.digest;
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]);
  let size = typeof blob === 'string' ? undefined : blob.size;
  let position = 0;
  let closed = false;
  let opened: { readonly content: Content; readonly window: BlobWindow } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Does one thing after the other, and nothing once it is closed. */
  const inTurn = async <T>(act: () => Promise<T>): Promise<T> => {
    checkOpen();
    const turn = last.then(() => {
      checkOpen();
      return act();
    });
    last = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      checkOpen(error);
      throw error;
    }
  };

  return {
    digest,
    get size() {
      return size;
    },
    get position() {
      return position;
    },
    seek: (offset, from = 'start') =>
      inTurn(async () => {
        const target =
          { start: 0, current: position, end: from === 'end' ? await sizeOf() : 0 }[from] + offset;
        return (position = checkPlace(target));
      }),
    read: (length) =>
      inTurn(async () => {
        checkPlace(length);
        const window = length === 0 ? undefined : await windowAt(position);
        if (window === undefined) return new Uint8Array(0);
        const bytes = await orDrop(window.read(position, length));
        // At the end the stream is seen out, so that it lets go of its connection.
        if (position + bytes.length === size) await orDrop(window.piece(size));
        position += bytes.length;
        window.forget(position - readAhead);
        return bytes;
      }),
    readAt: (place, length) =>
      inTurn(async () => {
        const end = checkPlace(checkPlace(place) + checkPlace(length));
        const kept = opened?.window.kept(place, Math.min(end, size ?? end));
        if (kept !== undefined) return kept;
        const content = length === 0 ? undefined : await contentAt(place, end);
        return content === undefined ? new Uint8Array(0) : content.bytes(length);
      }),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const bytes = await inTurn(async () => {
          const window = await windowAt(position);
          const piece = window === undefined ? undefined : await orDrop(window.piece(position));
          position += piece?.length ?? 0;
          window?.forget(position - readAhead);
          return piece;
        });
        if (bytes === undefined) return;
        yield bytes;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      closing.abort();
      await drop();
    },
  };

  function checkOpen(cause?: unknown): void {
    if (!closed) return options.signal?.throwIfAborted();
    const facts = { repository, reference: digest, ...(cause !== undefined && { cause }) };
    throw new RegistryError('SOURCE_CONSUMED', `the reader of ${repository}@${digest} is closed`, facts);
  }

  function checkPlace(place: number): number {
    if (Number.isSafeInteger(place) && place >= 0) return place;
    const why = `there is no byte ${place} in ${repository}@${digest}`;
    throw new RegistryError('RANGE_INVALID', why, { repository, reference: digest });
  }

  async function sizeOf(): Promise<number> {
    return (size ??= (await registry.resolveBlob(repository, digest, { signal })).size);
  }

  /** What is open, if the place is within reach of it; else it is opened anew. Undefined at the end. */
  async function windowAt(place: number): Promise<BlobWindow | undefined> {
    if (size !== undefined && place >= size) return undefined;
    if (opened?.window.reaches(place, readAhead) === true) return opened.window;
    await drop();
    const content = await contentAt(place);
    if (content === undefined) return undefined;
    opened = { content, window: createBlobWindow(content, place) };
    return opened.window;
  }

  /** The blob from a place on. Undefined if that is the end, which may be found out only here. */
  async function contentAt(place: number, end?: number): Promise<Content | undefined> {
    if (size !== undefined && place >= size) return undefined;
    const whole = place === 0 && end === undefined;
    const range = { start: place, ...(end !== undefined && { end }) };
    try {
      const content = await registry.getBlob(repository, digest, { signal, ...(!whole && { range }) });
      size = content.descriptor.size;
      // A registry that heeds no signals answers all the same, and nobody would read it.
      if (closed) await content.cancel();
      checkOpen();
      return content;
    } catch (error) {
      if (errorCode(error) !== 'RANGE_INVALID' || size !== undefined || place < (await sizeOf())) throw error;
      return undefined;
    }
  }

  async function drop(): Promise<void> {
    const content = opened?.content;
    opened = undefined;
    await content?.cancel();
  }

  /** A stream that has failed gives nothing more: the next read begins a new one. */
  async function orDrop<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  }
}
