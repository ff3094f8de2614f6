import { createHash } from 'node:crypto';

/** A name for a file about something: made of its hash, so that no text from outside becomes a path. */
export function fileNameFor(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
