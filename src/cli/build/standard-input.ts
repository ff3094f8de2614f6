import { Invalid } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { chunksOf } from '../input.ts';

/** A Dockerfile may have this many bytes: what the frontend reads of it. */
const LIMIT = 16 * 1024 * 1024;

const BLOCK = 512;

/** How what builders unpack begins, if it is compressed: bzip2, gzip, xz. */
const COMPRESSED = ['425a68', '1f8b08', 'fd377a585a00'];
const ZSTD = '28b52ffd';

/** What comes from standard input, told apart by how it begins: a tar, of which nothing else was read yet, or a text. */
export type StandardInput = { readonly tar: AsyncIterable<Uint8Array> } | { readonly text: string };

/**
 * Looks at standard input: buildx takes for a tar what has the header of one, or is compressed, and all else for a
 * Dockerfile.
 * @throws {Invalid} subject `context`, if it is neither.
 */
export async function standardInput(context: Context): Promise<StandardInput> {
  const chunks = chunksOf(context, '-');
  const read: Uint8Array[] = [];
  let size = 0;
  while (size < BLOCK) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    read.push(value);
    size += value.length;
  }
  const beginning = Buffer.concat(read);
  const all = (async function* () {
    yield beginning;
    yield* chunks;
  })();
  const hex = beginning.toString('hex', 0, 6);
  if (hex.startsWith(ZSTD))
    throw new Invalid('context', 'builders unpack no zstd: build with zstd -dc FILE | stowage build -');
  if (COMPRESSED.some((magic) => hex.startsWith(magic)) || isTarHeader(beginning)) return { tar: all };
  return { text: await textOf(all) };
}

/** The Dockerfile that comes from standard input. @throws {Invalid} subject `context`, if it is none. */
export function dockerfileOnInput(context: Context): Promise<string> {
  return textOf(chunksOf(context, '-'));
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    if ((size += chunk.length) > LIMIT)
      throw new Invalid('context', `the Dockerfile on standard input has more than ${LIMIT} bytes`);
  }
  if (size === 0) throw new Invalid('context', 'nothing came from standard input');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Invalid('context', 'what comes from standard input is neither a Dockerfile nor a tar');
  }
}

/**
 * Whether some bytes begin with the header of a file in a tar: its checksum is right, where the checksum itself counts as
 * eight spaces.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
function isTarHeader(bytes: Buffer): boolean {
  if (bytes.length < BLOCK) return false;
  const [, octal = ''] = /^ *([0-7]+)[ \0]*$/.exec(bytes.toString('latin1', 148, 156)) ?? [];
  const header = bytes.subarray(0, BLOCK);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return octal !== '' && Number.parseInt(octal, 8) === sum;
}
