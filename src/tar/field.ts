import { Invalid } from '../oci/index.ts';

/** Where a field stands in a header's block, in bytes. */
export interface Field {
  readonly at: number;
  readonly length: number;
}

/** The text of a field, up to the first NUL. @throws {Invalid} subject `tar`, where more text stands behind it. */
export function readText(block: Buffer, { at, length }: Field, name: string): string {
  return block[at] === 0 && block[at + length - 1] === 0 && isZero(block, at, at + length)
    ? ''
    : untilNul(block.subarray(at, at + length), name);
}

/** Text that may end with NULs. One in the middle hides the rest from some readers, and from others not. */
export function untilNul(bytes: Uint8Array, name: string): string {
  const end = bytes.indexOf(0);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end);
  if (end >= 0 && !isZero(bytes, end, bytes.length))
    throw new Invalid('tar', `its ${name} has a NUL in the middle`);
  return text.toString('utf8');
}

/** Whether all bytes of a part are zero. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Whether a text can stand in a field as it is. */
export function fitsText(text: string, { length }: Field): boolean {
  // oxlint-disable-next-line no-control-regex -- a NUL would end it
  return text.length <= length && /^[\x01-\x7f]*$/.test(text);
}

/** Writes a text that fits. */
export function writeText(block: Uint8Array, { at, length }: Field, text: string): void {
  block.set(Buffer.from(text, 'latin1').subarray(0, length), at);
}

/**
 * The number of a field: octal digits, or base 256 as GNU tar writes what is too large for them, or negative.
 * @throws {Invalid} subject `tar`, for anything else, and beyond 2^53.
 * @see https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 */
export function readNumber(block: Uint8Array, { at, length }: Field, name: string): number {
  const isOctal = ((block[at] ?? 0) & 0x80) === 0;
  const value = isOctal ? readOctal(block, at, at + length) : readBase256(block.subarray(at, at + length));
  if (value === undefined) throw new Invalid('tar', `its ${name} is no number that can be`);
  return value;
}

/** Spaces before, spaces or NULs behind; some writers leave a field of which nobody asks all NUL. */
function readOctal(block: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  while (at < end && block[at] === 0x20) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) if (block[at] !== 0 && block[at] !== 0x20) return undefined;
  return value;
}

function readBase256(bytes: Uint8Array): number | undefined {
  const negative = bytes[0] === 0xff;
  if (!negative && bytes[0] !== 0x80) return undefined;
  let value = 0;
  for (const byte of bytes.subarray(1)) {
    value = value * 256 + (negative ? 255 - byte : byte);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return negative ? -value - 1 : value;
}

/** Writes a number, in octal digits and with the NUL that ends them. @throws {Invalid} subject `tar`, for one that does not fit. */
export function writeNumber(block: Uint8Array, { at, length }: Field, value: number): void {
  const digits = value.toString(8).padStart(length - 1, '0');
  if (!Number.isSafeInteger(value) || value < 0 || digits.length !== length - 1)
    throw new Invalid('tar', `${value} does not fit into a header`);
  block.set(Buffer.from(digits, 'latin1'), at);
}
