import { PREFIX } from './message-prefix.ts';
import { varint } from './varint.ts';

/** Of the one field of a message of bytes: its number, 1, and that its length stands before it. */
const TAG = 0x0a;

/** The longest beginning of such a message: the prefix, the tag, and a length of 32 bits in groups of seven. */
const LONGEST = PREFIX + 1 + 5;

/**
 * What goes before the bytes of a `BytesMessage`.
 * @param length how many bytes follow
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function bytesHead(length: number): Buffer {
  const told = varint(length);
  const head = Buffer.alloc(PREFIX + 1 + told.length);
  head.writeUInt32BE(1 + told.length + length, 1);
  head[PREFIX] = TAG;
  head.set(told, PREFIX + 1);
  return head;
}

/**
 * Takes what is in messages of bytes out of a stream of them, however it is cut.
 * @returns what to call with each piece of the stream: it gives back parts of that piece
 */
export function bytesPayloads(): (chunk: Buffer) => readonly Buffer[] {
  // The beginning of a message, of which more has to come.
  let held: Buffer | undefined;
  // How many bytes of the present message are to come.
  let left = 0;
  return (chunk) => {
    const payloads: Buffer[] = [];
    let rest = held === undefined ? chunk : Buffer.concat([held, chunk]);
    held = undefined;
    while (rest.length > 0) {
      if (left === 0) {
        const head = headOf(rest);
        if (head === undefined) {
          held = Buffer.from(rest);
          break;
        }
        left = head.follows;
        rest = rest.subarray(head.length);
        continue;
      }
      const payload = rest.subarray(0, left);
      payloads.push(payload);
      left -= payload.length;
      rest = rest.subarray(payload.length);
    }
    return payloads;
  };
}

/** How a message begins; undefined if there is more of that to come. @throws {Error} if it is none of bytes. */
function headOf(
  bytes: Buffer,
): { /** In bytes. */ readonly length: number; readonly follows: number } | undefined {
  if (bytes.length < PREFIX) return undefined;
  const whole = PREFIX + bytes.readUInt32BE(1);
  if (bytes[0] !== 0) throw new Error('the builder has sent a message that is compressed');
  // No bytes: a message without its field.
  if (whole === PREFIX) return { length: PREFIX, follows: 0 };
  if (bytes.length > PREFIX && bytes[PREFIX] !== TAG) throw new Error(NOT_BYTES);
  let follows = 0;
  for (let at = PREFIX + 1; at < Math.min(bytes.length, LONGEST); at++) {
    const group = bytes[at] ?? 0;
    follows += (group & 0x7f) * 2 ** (7 * (at - PREFIX - 1));
    if (group >= 0x80) continue;
    if (at + 1 + follows !== whole) throw new Error(NOT_BYTES);
    return { length: at + 1, follows };
  }
  if (bytes.length >= LONGEST) throw new Error(NOT_BYTES);
  return undefined;
}

const NOT_BYTES = 'the builder has sent a message that is not one of bytes';
