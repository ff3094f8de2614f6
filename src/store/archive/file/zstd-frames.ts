import { Invalid } from '../../../oci/index.ts';

/** How large a zstd frame may want its window to be, in bytes: the memory that decoding it takes. */
const WINDOW_LIMIT = 128 * 1024 * 1024;

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_LIMIT = 128 * 1024;

/** A piece of a zstd stream that can be decoded by itself, after those before it. */
export interface ZstdPiece {
  readonly bytes: Uint8Array;
  /** Whether it is the first of a frame, and the last. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/**
 * Takes a zstd stream apart, down to its blocks, each of which gives 128 KiB at the most: so that no decoder is asked for
 * more memory than there is, nor is fed what it passes over in silence.
 * @param windowLimit of a frame, in bytes
 * @throws {Invalid} subject `tar`, for what is no zstd, or ends too early.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
export async function* zstdPieces(
  stream: AsyncIterable<Uint8Array>,
  windowLimit: number = WINDOW_LIMIT,
): AsyncGenerator<ZstdPiece> {
  const input = createInput(stream);
  for (;;) {
    const magic = await input.take(4, true);
    if (magic === undefined) return;
    const number = magic.readUInt32LE();
    if ((number & 0xfffffff0) >>> 0 === SKIPPABLE) {
      await input.skip((await input.need(4)).readUInt32LE());
      continue;
    }
    if (number !== MAGIC)
      throw new Invalid('tar', 'something that is no zstd follows the compressed archive');
    yield* frame(input, magic, windowLimit);
  }
}

async function* frame(input: Input, magic: Buffer, windowLimit: number): AsyncGenerator<ZstdPiece> {
  const descriptor = await input.need(1);
  const flags = descriptor[0] ?? 0;
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const rest = await input.need((isSingle ? 0 : 1) + dictionaryBytes + sizeBytes);
  const window = isSingle ? contentSize(rest.subarray(dictionaryBytes)) : windowOf(rest[0] ?? 0);
  if (window > windowLimit)
    throw new Invalid('tar', `a zstd frame wants a window of ${window} bytes, more than ${windowLimit}`);
  yield { bytes: Buffer.concat([magic, descriptor, rest]), begins: true, ends: false };
  for (let last = false; !last;) {
    const header = await input.need(3);
    const word = header.readUIntLE(0, 3);
    const [type, size] = [(word >> 1) & 3, word >> 3];
    last = (word & 1) !== 0;
    if (type === 3 || size > BLOCK_LIMIT) throw new Invalid('tar', 'a block of its zstd cannot be');
    const content = await input.need(type === 1 ? 1 : size);
    const checksum = last && (flags & 4) !== 0 ? await input.need(4) : Buffer.alloc(0);
    yield { bytes: Buffer.concat([header, content, checksum]), begins: false, ends: last };
  }
}

/** In a frame that is one segment the window is the content. */
function contentSize(field: Buffer): number {
  switch (field.length) {
    case 1:
      return field.readUInt8();
    case 2:
      return field.readUInt16LE() + 256;
    case 4:
      return field.readUInt32LE();
    default:
      return Number(field.readBigUInt64LE());
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

interface Input {
  /** So many bytes; undefined at the end of the stream, if that is allowed. */
  take(length: number, mayEnd: true): Promise<Buffer | undefined>;
  need(length: number): Promise<Buffer>;
  skip(length: number): Promise<void>;
}

function createInput(stream: AsyncIterable<Uint8Array>): Input {
  const iterator = stream[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  /** Has as many bytes at hand, if there are as many. */
  const fill = async (length: number): Promise<void> => {
    while (held.length < length) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      held = held.length === 0 ? value : Buffer.concat([held, value]);
    }
  };
  const cut = (length: number): Buffer => {
    const piece = Buffer.from(held.buffer, held.byteOffset, length);
    held = held.subarray(length);
    return piece;
  };
  const need = async (length: number): Promise<Buffer> => {
    await fill(length);
    if (held.length < length) throw new Invalid('tar', 'its zstd ends too early: it was cut off');
    return cut(length);
  };
  return {
    need,
    async take(length) {
      await fill(length);
      return held.length === 0 ? undefined : need(length);
    },
    async skip(length) {
      for (let left = length; left > 0;) left -= (await need(Math.min(left, 64 * 1024))).length;
    },
  };
}
