import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Invalid } from '../../../oci/index.ts';
import { RegistryError } from '../../../registry/index.ts';
import { zstdPieces } from './zstd-frames.ts';

/** How an archive, or a layer in it, is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** Bounds on what a compressed archive may become. */
export interface ExpansionLimits {
  /** In bytes. */
  readonly total: number;
  /** How many bytes may come of one; only looked at beyond the first 10 MiB. */
  readonly ratio: number;
}

const EXPANSION_LIMITS: ExpansionLimits = { total: 256 * 1024 ** 3, ratio: 1000 };

const RATIO_FROM = 10 * 1024 * 1024;

/** How some bytes are compressed, by how they begin. Of what is neither gzip nor zstd a tar's header will tell. */
export function compressionOf(beginning: Uint8Array): Compression {
  if (beginning[0] === 0x1f && beginning[1] === 0x8b) return 'gzip';
  const [a, b, c, d] = beginning;
  if (b === 0xb5 && c === 0x2f && d === 0xfd && a === 0x28) return 'zstd';
  // What comes before the first frame may be passed over, and begins so.
  return b === 0x2a && c === 0x4d && d === 0x18 && a !== undefined && a >> 4 === 5 ? 'zstd' : 'none';
}

/**
 * Decompresses a stream: all members of a gzip, all frames of a zstd.
 * @throws {Invalid} subject `tar`, when it is broken, or becomes larger than is allowed.
 */
export async function* decompressed(
  stream: AsyncIterable<Uint8Array>,
  compression: Exclude<Compression, 'none'>,
  limits: Partial<ExpansionLimits> = {},
): AsyncGenerator<Uint8Array> {
  const { total, ratio } = { ...EXPANSION_LIMITS, ...limits };
  let read = 0;
  let made = 0;
  const counted = (async function* () {
    for await (const chunk of stream) {
      read += chunk.length;
      yield chunk;
    }
  })();
  for await (const chunk of compression === 'gzip' ? gunzipped(counted) : unzstd(counted)) {
    made += chunk.length;
    if (made > total) throw new Invalid('tar', `decompressed it has more than ${total} bytes`);
    if (made > RATIO_FROM && made > ratio * read)
      throw new Invalid(
        'tar',
        `decompressed it is more than ${ratio} times as large: it is made to fill disks`,
      );
    yield chunk;
  }
}

async function* gunzipped(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* throughNode(stream, zlib.createGunzip({ chunkSize: 256 * 1024 }), 'gzip');
}

/** Node has them from 22.15 on. */
const { createZstdDecompress, createZstdCompress } = zlib as typeof zlib & {
  readonly createZstdDecompress?: () => Transform;
  readonly createZstdCompress?: () => Transform;
};

async function* unzstd(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (createZstdDecompress === undefined) yield* throughFzstd(stream);
  else yield* throughNode(piecesAlone(stream), createZstdDecompress(), 'zstd');
}

async function* piecesAlone(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of zstdPieces(stream)) yield bytes;
}

/** How large a window fzstd follows, in bytes. */
const FZSTD_WINDOW = 32 * 1024 * 1024;

async function* throughFzstd(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  let made: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => made.push(chunk.slice()));
  const push = (bytes: Uint8Array, ends: boolean): readonly Uint8Array[] => {
    try {
      decoder.push(bytes, ends);
    } catch (cause) {
      throw broken('zstd', cause);
    }
    const given = made;
    made = [];
    return given;
  };
  for await (const { bytes } of zstdPieces(stream, FZSTD_WINDOW)) yield* push(bytes, false);
  yield* push(new Uint8Array(0), true);
}

/** Pulls a stream through a transformation; errors of the stream stay what they are. */
async function* throughNode(
  stream: AsyncIterable<Uint8Array>,
  transform: Transform,
  name: string,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(stream, { objectMode: false });
  let failure: Error | undefined;
  source.once('error', (error: Error) => {
    failure = error;
    transform.destroy(error);
  });
  try {
    for await (const chunk of source.pipe(transform)) yield chunk as Uint8Array;
  } catch (error) {
    throw failure ?? broken(name, error);
  } finally {
    source.destroy();
    transform.destroy();
  }
}

function broken(name: string, cause: unknown): Invalid {
  return new Invalid('tar', `its ${name} is broken: ${(cause as Error).message}`);
}

/**
 * Compresses a stream. The same bytes give the same again, with the same version of Node.
 * @throws {RegistryError} `UNSUPPORTED` for zstd where Node cannot write it.
 */
export async function* compressed(
  stream: AsyncIterable<Uint8Array>,
  compression: Exclude<Compression, 'none'>,
): AsyncGenerator<Uint8Array> {
  if (compression === 'zstd') {
    yield* throughCompressor(stream, zstdCompressor());
    return;
  }
  let isFirst = true;
  for await (const chunk of throughCompressor(stream, zlib.createGzip())) {
    // The header says on which system it was made, and shall not.
    if (isFirst) chunk[9] = 255;
    isFirst = false;
    yield chunk;
  }
}

function zstdCompressor(): Transform {
  if (createZstdCompress !== undefined) return createZstdCompress();
  throw new RegistryError(
    'UNSUPPORTED',
    `Node ${process.versions.node} reads archives with zstd, but does not write them: use 22.15 or later, or a name that ends with .tar or .tar.gz`,
  );
}

/** Fails before anything is written if this cannot be. @throws {RegistryError} `UNSUPPORTED`. */
export function checkWritable(compression: Compression): void {
  if (compression === 'zstd') zstdCompressor().destroy();
}

async function* throughCompressor(
  stream: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(stream, { objectMode: false });
  source.once('error', (error) => transform.destroy(error));
  try {
    for await (const chunk of source.pipe(transform)) yield chunk as Uint8Array;
  } finally {
    source.destroy();
    transform.destroy();
  }
}
