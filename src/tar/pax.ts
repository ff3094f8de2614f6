import { Invalid, printable } from '../oci/index.ts';

/** What a pax header says, in the order in which it does. */
export type PaxRecords = ReadonlyMap<string, string>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the records of a pax header: `<length> <key>=<value>\n`, where the length counts itself.
 * @throws {Invalid} subject `tar`, also for a key that stands twice: some readers take the first, others the last.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
 */
export function parsePax(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = Buffer.from(bytes.subarray(at, space < 0 || space > at + 10 ? at : space)).toString(
      'latin1',
    );
    const end = at + Number(/^[1-9][0-9]*$/.exec(digits)?.[0] ?? Number.NaN);
    if (!(end <= bytes.length) || bytes[end - 1] !== 0x0a)
      throw new Invalid('tar', 'its pax header has a record whose length is wrong');
    const record = decode(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf('=');
    if (equals < 1) throw new Invalid('tar', 'its pax header has a record without a key');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (records.has(key)) throw new Invalid('tar', `its pax header says "${printable(key)}" twice`);
    if (value.includes('\0') && !key.startsWith('SCHILY.'))
      throw new Invalid('tar', `its pax header has a NUL in "${printable(key)}"`);
    records.set(key, value);
    at = end;
  }
  return records;
}

/** Extended attributes hold any bytes (`SCHILY.xattr.…`); they are none of ours, and need not be text. */
function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    const text = Buffer.from(bytes).toString('latin1');
    if (/^(?:SCHILY|LIBARCHIVE)\./.test(text)) return text;
    throw new Invalid('tar', 'its pax header is not UTF-8');
  }
}

/** Writes records of a pax header. */
export function formatPax(records: PaxRecords): Uint8Array {
  const lines = [...records].map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + String(rest).length;
    // The length may get one digit longer by counting itself.
    if (rest + String(length).length !== length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return Buffer.from(lines.join(''));
}
