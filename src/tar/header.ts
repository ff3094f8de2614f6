import { Invalid, printable } from '../oci/index.ts';
import { fitsText, readNumber, readText, writeNumber, writeText, type Field } from './field.ts';

/** Tars consist of blocks of this many bytes. */
export const BLOCK = 512;

/**
 * The fields of a header's block. It is read and written from this list alone.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06
 */
const FIELDS = {
  name: { at: 0, length: 100 },
  mode: { at: 100, length: 8 },
  uid: { at: 108, length: 8 },
  gid: { at: 116, length: 8 },
  size: { at: 124, length: 12 },
  mtime: { at: 136, length: 12 },
  checksum: { at: 148, length: 8 },
  type: { at: 156, length: 1 },
  linkname: { at: 157, length: 100 },
  magic: { at: 257, length: 8 },
  prefix: { at: 345, length: 155 },
} as const satisfies Readonly<Record<string, Field>>;

/** The fields that hold numbers. */
const NUMBERS = ['mode', 'uid', 'gid', 'size', 'mtime'] as const;

/** What one block says, before what extends it is put together with it. */
export interface Header {
  readonly name: string;
  /** One character; `0` for a file. */
  readonly type: string;
  readonly linkname: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly mtime: number;
}

/** The magic with its version. GNU tar's own has spaces, and no prefix: it keeps times where ustar has that. */
const USTAR = 'ustar\u000000';

/** The sum of a block's bytes, its own field counted as spaces; old writers took bytes for signed. */
function sums(block: Uint8Array): { readonly unsigned: number; readonly signed: number } {
  const { at, length } = FIELDS.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let place = 0; place < BLOCK; place++) {
    const byte = place >= at && place < at + length ? 0x20 : (block[place] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return { unsigned, signed };
}

/**
 * Reads a header's block.
 * @throws {Invalid} subject `tar`, for a wrong checksum, and for fields that cannot be.
 */
export function parseHeader(bytes: Uint8Array): Header {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, BLOCK);
  const sum = readNumber(block, FIELDS.checksum, 'checksum');
  const { unsigned, signed } = sums(block);
  if (sum !== unsigned && sum !== signed)
    throw new Invalid('tar', `its checksum is ${sum}, and should be ${unsigned}`);
  const { at, length } = FIELDS.magic;
  const magic = block.toString('latin1', at, at + length);
  const prefix = magic === USTAR ? readText(block, FIELDS.prefix, 'name') : '';
  const name = readText(block, FIELDS.name, 'name');
  const [mode = 0, uid = 0, gid = 0, size = 0, mtime = 0] = NUMBERS.map((field) =>
    readNumber(block, FIELDS[field], field),
  );
  if (size < 0) throw new Invalid('tar', `its size is negative: ${size}`);
  const type = String.fromCharCode(block[FIELDS.type.at] ?? 0);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    // Tars older than the standard have a NUL for files.
    type: type === '\0' ? '0' : type,
    linkname: readText(block, FIELDS.linkname, 'link'),
    mode,
    uid,
    gid,
    size,
    mtime,
  };
}

/** Writes a header's block. @throws {Invalid} subject `tar`, for a name, a link or a number that does not fit. */
export function formatHeader(header: Header): Uint8Array {
  const name = splitName(header.name);
  if (name === undefined || !fitsText(header.linkname, FIELDS.linkname))
    throw new Invalid('tar', `"${printable(header.name)}" does not fit into a header`);
  const block = new Uint8Array(BLOCK);
  writeText(block, FIELDS.name, name.name);
  writeText(block, FIELDS.prefix, name.prefix);
  writeText(block, FIELDS.linkname, header.linkname);
  writeText(block, FIELDS.type, header.type);
  writeText(block, FIELDS.magic, USTAR);
  for (const field of NUMBERS) writeNumber(block, FIELDS[field], header[field]);
  // Six digits, a NUL and a space: as everybody writes it.
  writeText(block, FIELDS.checksum, `${sums(block).unsigned.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** Whether a name fits into a header without an extension. */
export function fitsName(name: string): boolean {
  return splitName(name) !== undefined;
}

/** Whether a link's target fits into a header without an extension. */
export function fitsLink(linkname: string): boolean {
  return fitsText(linkname, FIELDS.linkname);
}

/** The size from which on octal digits do not suffice, in bytes: 8 GiB. */
export const OCTAL_LIMIT: number = 8 ** (FIELDS.size.length - 1);

/** Splits a long name at a slash into the two fields that there are for it. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (fitsText(name, FIELDS.name)) return { name, prefix: '' };
  if (!fitsText(name, { at: 0, length: FIELDS.name.length + 1 + FIELDS.prefix.length })) return undefined;
  // The slash at the very end belongs to the name of a folder.
  for (let at = name.indexOf('/'); at >= 0 && at < name.length - 1; at = name.indexOf('/', at + 1)) {
    const parts = { prefix: name.slice(0, at), name: name.slice(at + 1) };
    if (parts.prefix !== '' && fitsText(parts.prefix, FIELDS.prefix) && fitsText(parts.name, FIELDS.name))
      return parts;
  }
  return undefined;
}
