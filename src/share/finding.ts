/** What stands in an entry of the ledger: a claim, or what was found. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { RegistryError } from '../registry/index.ts';

/** The first character of claims, of what was found, and of that when it is compressed. */
export const CLAIM = '?';
const [PLAIN, COMPRESSED] = ['=', 'z'];

/** What is longer, in bytes, is compressed: lists of tags are hashes and colons over and over. */
const SHORT = 1024;
/** What is longer, in characters, is not shared: each process finds it by itself. */
export const LARGEST: number = 32 * 1024 * 1024;

/** Whether somebody is about to find it. */
export function isClaim(entry: Buffer): boolean {
  return entry[0] === CLAIM.charCodeAt(0);
}

/** What was found, as it is kept. */
export function encodeFinding(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length <= SHORT
    ? Buffer.concat([Buffer.from(PLAIN), bytes])
    : Buffer.concat([Buffer.from(COMPRESSED), deflateRawSync(bytes, { level: 1 })]);
}

/**
 * Reads it.
 * @throws {RegistryError} `RESPONSE_INVALID`, if it is something else.
 */
export function decodeFinding(entry: Buffer, key: string): string {
  const [kind, rest] = [entry.toString('latin1', 0, 1), entry.subarray(1)];
  try {
    if (kind === PLAIN) return rest.toString();
    if (kind === COMPRESSED) return inflateRawSync(rest, { maxOutputLength: LARGEST * 4 }).toString();
  } catch {
    // It is told below.
  }
  throw new RegistryError('RESPONSE_INVALID', `Redis: what is kept under "${key}" is nothing that was found`);
}
