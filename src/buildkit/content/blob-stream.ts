import type { Descriptor, Digest } from '../../oci/index.ts';
import type { Content, Registry } from '../../registry/index.ts';

/** A blob from some place on, as it comes from a registry. */
export interface BlobStream {
  readonly digest: Digest;
  /** Where the next bytes are from, in bytes. */
  readonly position: number;
  /**
   * What is next, as it came: nothing is copied. After an error the next call goes on with a new stream.
   * @param limit how many bytes at most
   * @returns at least a byte; undefined at the end
   */
  next(limit: number): Promise<Uint8Array | undefined>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/**
 * Streams a blob, one piece ahead of who takes it: the disk and the hash have worked by the time that the builder asks
 * again. Nothing is asked of the registry before the first piece is. Pieces are to be asked for one after the other.
 */
export function blobStream(
  registry: Registry,
  repository: string,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  start: number,
): BlobStream {
  const closing = new AbortController();
  const { signal } = closing;
  let position = start;
  /** Has come, and was not taken yet. */
  let rest: Uint8Array | undefined;
  let opened: { readonly content: Content; readonly pieces: Pieces } | undefined;

  const open = async (): Promise<Pieces> => {
    signal.throwIfAborted();
    const range = position === 0 ? {} : { range: { start: position } };
    const content = await registry.getBlob(repository, digest, { signal, ...range });
    const pieces = piecesOf(content, size - position);
    opened = { content, pieces };
    // It was closed meanwhile, which the registry has not heeded.
    if (signal.aborted) await content.cancel();
    return pieces;
  };
  return {
    digest,
    get position() {
      return position;
    },
    async next(limit) {
      try {
        rest ??= await (opened?.pieces ?? (await open()))();
      } catch (error) {
        opened = undefined;
        throw error;
      }
      if (rest === undefined) return undefined;
      const bytes = rest.subarray(0, limit);
      rest = rest.length > limit ? rest.subarray(limit) : undefined;
      position += bytes.length;
      return bytes;
    },
    async close() {
      closing.abort();
      await opened?.content.cancel();
    },
  };
}

type Pieces = () => Promise<Uint8Array | undefined>;

/**
 * The pieces of a stream, the next of which is read while who asked works on the last.
 * @param length of all of them, in bytes: before the last is given the stream is seen out, which verifies what it gave
 */
function piecesOf(stream: AsyncIterable<Uint8Array>, length: number): Pieces {
  const iterator = stream[Symbol.asyncIterator]();
  let left = length;
  const read = (): Promise<IteratorResult<Uint8Array>> => {
    const reading = iterator.next();
    // That it failed is told to who asks for it, if anybody does.
    reading.catch(() => undefined);
    return reading;
  };
  let ahead: Promise<IteratorResult<Uint8Array>> | undefined;
  return async () => {
    const piece = await (ahead ?? read());
    if (piece.done === true) return undefined;
    left -= piece.value.length;
    ahead = read();
    if (left <= 0) await ahead;
    return piece.value;
  };
}
