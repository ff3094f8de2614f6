import { describe, expect, test } from 'vitest';
import { zstdPieces, type ZstdPiece } from '../../../src/store/archive/file/zstd-frames.ts';

/** A block of a frame: as it is, of one byte again and again, or compressed. */
function block(type: 0 | 1 | 2 | 3, size: number, content: Buffer, isLast = true): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([header, content]);
}

/** A frame whose header has these flags, and fields behind them that can be told from what follows. */
function frame(flags: number, fields: Buffer, ...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, flags]), fields, ...blocks]);
}

/** Takes a stream apart that comes byte by byte. */
async function piecesIn(bytes: Buffer, windowLimit?: number): Promise<readonly ZstdPiece[]> {
  const stream = (async function* () {
    for (const byte of bytes) yield Buffer.from([byte]);
  })();
  const pieces: ZstdPiece[] = [];
  for await (const piece of zstdPieces(stream, windowLimit)) pieces.push(piece);
  return pieces;
}

const small = block(0, 3, Buffer.from('abc'));
const number = (value: bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, length);
};

describe('zstd is taken apart', () => {
  test.each<[string, flags: number, fields: Buffer]>([
    ['a window alone', 0, Buffer.from([7 << 3])],
    ['a window, and the size in 2 bytes', 1 << 6, Buffer.concat([Buffer.from([0]), number(9n, 2)])],
    ['a window, and the size in 4 bytes', 2 << 6, Buffer.concat([Buffer.from([0]), number(9n, 4)])],
    ['a window, and the size in 8 bytes', 3 << 6, Buffer.concat([Buffer.from([0]), number(9n, 8)])],
    ['one segment, and the size in a byte', 0x20, number(3n, 1)],
    ['one segment, and the size in 2 bytes', 0x20 | (1 << 6), number(3n, 2)],
    ['one segment, and the size in 4 bytes', 0x20 | (2 << 6), number(3n, 4)],
    ['one segment, and the size in 8 bytes', 0x20 | (3 << 6), number(3n, 8)],
    ['a dictionary of a byte', 1, Buffer.from([0, 1])],
    ['a dictionary of 2 bytes', 2, Buffer.from([0, 1, 2])],
    ['a dictionary of 4 bytes', 3, Buffer.from([0, 1, 2, 3, 4])],
    ['all of them', 3 | (1 << 6), Buffer.from([0, 1, 2, 3, 4, 5, 6])],
  ])('into its header and its blocks, where the header has %s', async (_, flags, fields) => {
    const one = frame(flags, fields, block(1, 100_000, Buffer.from('x'), false), small);
    const pieces = await piecesIn(Buffer.concat([one, one]));
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual([
      5 + fields.length,
      4,
      6,
      5 + fields.length,
      4,
      6,
    ]);
    expect(pieces.map(({ begins, ends }) => (begins ? 'begins' : ends ? 'ends' : ''))).toEqual([
      'begins',
      '',
      'ends',
      'begins',
      '',
      'ends',
    ]);
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes))).toEqual(Buffer.concat([one, one]));
  });

  test('with the checksum behind the last block of a frame', async () => {
    const one = frame(4, Buffer.from([0]), block(0, 1, Buffer.from('a'), false), small, Buffer.from('sum!'));
    const pieces = await piecesIn(Buffer.concat([one, one]));
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual([6, 4, 10, 6, 4, 10]);
  });

  test('and passes over what may be passed over, also more than comes at once', async () => {
    const passed = Buffer.concat([
      Buffer.from([0x5f, 0x2a, 0x4d, 0x18]),
      number(70_000n, 4),
      Buffer.alloc(70_000),
    ]);
    expect(await piecesIn(Buffer.concat([passed, frame(0, Buffer.from([0]), small)]))).toHaveLength(2);
  });
});

describe('zstd is refused', () => {
  const whole = frame(0, Buffer.from([0]), small);
  test.each<[string, Buffer, string]>([
    [
      'with a block of the type that is reserved',
      frame(0, Buffer.from([0]), block(3, 3, Buffer.from('abc'))),
      'a block of its zstd cannot be',
    ],
    [
      'with a block of more than 128 KiB',
      frame(0, Buffer.from([0]), block(1, 128 * 1024 + 1, Buffer.from('x'))),
      'a block of its zstd cannot be',
    ],
    ['that ends in a block', whole.subarray(0, -1), 'it was cut off'],
    ['that ends in a header', whole.subarray(0, 5), 'it was cut off'],
    [
      'that ends between two blocks',
      frame(0, Buffer.from([0]), block(0, 1, Buffer.from('a'), false)),
      'it was cut off',
    ],
    [
      'that ends in what is passed over',
      Buffer.from([0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1]),
      'it was cut off',
    ],
    [
      'with something else behind it',
      Buffer.concat([whole, Buffer.from('else')]),
      'something that is no zstd follows',
    ],
  ])('%s', async (_, bytes, problem) => {
    await expect(piecesIn(bytes)).rejects.toThrow(problem);
  });

  test('for its window, which is the content where that is one segment', async () => {
    const outcome = (bytes: Buffer, limit: number): Promise<unknown> =>
      piecesIn(bytes, limit).then(
        () => 'taken',
        (error: unknown) => (error as Error).message,
      );
    const windows: readonly (readonly [Buffer, number])[] = [
      [frame(0, Buffer.from([0]), small), 1024],
      [frame(0, Buffer.from([(1 << 3) | 3]), small), 2048 + 3 * 256],
      [frame(0x20, number(77n, 1), small), 77],
      [frame(0x20 | (1 << 6), number(44n, 2), small), 300],
      [frame(0x20 | (2 << 6), number(70_000n, 4), small), 70_000],
      [frame(0x20 | (3 << 6), number(5_000_000_000n, 8), small), 5_000_000_000],
      [frame(0x20 | 1, Buffer.from([200, 77]), small), 77],
    ];
    for (const [bytes, window] of windows) {
      expect(await outcome(bytes, window)).toBe('taken');
      expect(await outcome(bytes, window - 1)).toBe(
        `a zstd frame wants a window of ${window} bytes, more than ${window - 1}`,
      );
    }
  });
});
