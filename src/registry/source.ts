import { RegistryError } from './error.ts';

/** One pass over some bytes. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/**
 * What can be written to a registry: bytes, a `Blob`, a stream of bytes, or a function that opens a stream.
 * All but a bare stream can be sent again, which is needed after a 401, a redirect or a broken connection;
 * prefer the function where there is a choice.
 */
export type Source =
  Uint8Array | Blob | ByteStream | (() => ByteStream | Uint8Array | Promise<ByteStream | Uint8Array>);

/** A source in the one form that stores and clients work with. */
export interface OpenableSource {
  /** Whether `open` may be called again. */
  readonly replayable: boolean;
  /** The bytes, where they are at hand already. */
  readonly bytes?: Uint8Array;
  /** Starts a pass. A bare stream gives one, and then fails with `SOURCE_CONSUMED`. */
  open(): AsyncIterable<Uint8Array>;
}

/** Normalises what the caller gave. */
export function openable(source: Source): OpenableSource {
  if (source instanceof Uint8Array) return { replayable: true, bytes: source, open: () => single(source) };
  if (typeof source === 'function') return { replayable: true, open: () => deferred(source) };
  if (source instanceof Blob) return { replayable: true, open: () => iterate(source.stream()) };
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

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* deferred(open: Extract<Source, () => unknown>): AsyncGenerator<Uint8Array> {
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
