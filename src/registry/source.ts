import { RegistryError } from './error.ts';

/** One pass over some bytes. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** What a source gives when it is opened. */
export type Opened = ByteStream | Uint8Array | Promise<ByteStream | Uint8Array>;

/** A source that can begin in the middle: what is sent again after a break then need not be read again from its start. */
export interface SeekableSource {
  /**
   * Opens what lies from an offset on.
   * @param offset in bytes; less than the size, or 0
   * @param signal ends the stream when nobody wants it any more. It may outlive the signal of the operation by some
   * seconds, in which a chunk that is under way is finished. Without one, the operation's own is what counts.
   */
  open(offset: number, signal?: AbortSignal): Opened;
}

/**
 * What can be written to a registry: bytes, a `Blob`, a stream of bytes, a function that opens a stream, or an object
 * that opens one at an offset. All but a bare stream can be sent again, which is needed after a 401, a redirect or a
 * broken connection; prefer one of the latter two where there is a choice. A function always gives the whole, whatever
 * it is called with: that is why a source that can begin in the middle has another form.
 */
export type Source = Uint8Array | Blob | ByteStream | (() => Opened) | SeekableSource;

/** A source in the one form that stores and clients work with. */
export interface OpenableSource {
  /** Whether `open` may be called again. */
  readonly replayable: boolean;
  /** The bytes, where they are at hand already. */
  readonly bytes?: Uint8Array;
  /** Starts a pass. A bare stream gives one, and then fails with `SOURCE_CONSUMED`. */
  open(): AsyncIterable<Uint8Array>;
  /** Starts a pass in the middle, where that is cheaper than to let pass what lies before. As `SeekableSource.open`. */
  openAt?(offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Normalises what the caller gave. */
export function openable(source: Source): OpenableSource {
  if (source instanceof Uint8Array)
    return {
      replayable: true,
      bytes: source,
      open: () => single(source),
      openAt: (offset) => single(source.subarray(offset)),
    };
  if (typeof source === 'function') return { replayable: true, open: () => deferred(source) };
  if (source instanceof Blob)
    return {
      replayable: true,
      open: () => iterate(source.stream()),
      openAt: (offset) => iterate(source.slice(offset).stream()),
    };
  if (isSeekable(source)) {
    const openAt = (offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array> =>
      deferred(() => source.open(offset, signal));
    return { replayable: true, open: () => openAt(0), openAt };
  }
  let opened = false;
  return {
    replayable: false,
    open() {
      if (opened)
        throw new RegistryError(
          'SOURCE_CONSUMED',
          'this stream was read already; give a function that opens it to have it sent again',
        );
      opened = true;
      return iterate(source);
    },
  };
}

/** Starts a pass at an offset; what lies before it is read and dropped where the source knows no better. */
export function openAt(
  source: OpenableSource,
  offset: number,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (source.openAt !== undefined) return source.openAt(offset, signal);
  return offset === 0 ? source.open() : skip(source.open(), offset);
}

async function* skip(stream: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of stream) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** Streams of Node that read a file have an `open` as well. */
function isSeekable(source: ByteStream | SeekableSource): source is SeekableSource {
  return 'open' in source && !(Symbol.asyncIterator in source);
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* deferred(open: () => Opened): AsyncGenerator<Uint8Array> {
  const opened = await open();
  yield* opened instanceof Uint8Array ? single(opened) : iterate(opened);
}

function iterate(stream: ByteStream): AsyncIterable<Uint8Array> {
  // Every runtime that we run on can iterate over a ReadableStream; only the DOM's types do not know it.
  return stream as AsyncIterable<Uint8Array>;
}

/** An iterable as a stream of the web. `ReadableStream.from` is not in every browser yet. */
export function toReadableStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
