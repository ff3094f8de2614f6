/** Tars as nobody should write them: a header's block field by field, without a look at what is in them. */
export interface RawHeader {
  readonly name?: string | Buffer;
  /** Octal digits, or the very bytes. */
  readonly size?: string | Buffer;
  readonly mode?: string;
  readonly type?: string;
  readonly linkname?: string;
  readonly magic?: string;
  readonly prefix?: string;
  /** What is added to the right checksum. */
  readonly checksumOff?: number;
}

/** One header's block. */
export function rawHeader(header: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (value: string | Buffer, at: number): void => void Buffer.from(value).copy(block, at);
  put(header.name ?? 'file', 0);
  put(header.mode ?? '0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(header.size ?? '00000000000\0', 124);
  put('00000000000\0', 136);
  put('        ', 148);
  put(header.type ?? '0', 156);
  put(header.linkname ?? '', 157);
  put(header.magic ?? 'ustar\x0000', 257);
  put(header.prefix ?? '', 345);
  const sum = block.reduce((total, byte) => total + byte, 0) + (header.checksumOff ?? 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** An entry with its content, padded; its size is right unless the header says another. */
export function rawEntry(header: RawHeader, content: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(content);
  const size = header.size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`;
  return Buffer.concat([
    rawHeader({ ...header, size }),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ]);
}

/** A pax header; its records come as they are. */
export function rawPax(records: string | Buffer, type: 'x' | 'g' = 'x'): Buffer {
  return rawEntry({ name: 'PaxHeaders/x', type }, records);
}

/** A record of a pax header, with its length. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const length = [1, 2, 3, 4, 5, 6, 7]
    .map((digits) => rest + digits)
    .find((all) => String(all).length === all - rest);
  return `${length} ${key}=${value}\n`;
}

/** The mark of the end. */
export const END: Buffer = Buffer.alloc(1024);
