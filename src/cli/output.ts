import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { Context } from './context.ts';

/** Writes a piece of a long result to standard output, and waits for whoever reads it slowly. */
export async function write({ process: { stdout }, signal }: Context, text: string): Promise<void> {
  const taken: unknown = stdout.write(text);
  if (taken === false && stdout instanceof Writable) await once(stdout, 'drain', { signal });
}

/** The same, for bytes, where standard output takes any. */
export async function writeBytes({ process: { stdout }, signal }: Context, bytes: Uint8Array): Promise<void> {
  if (!(stdout instanceof Writable)) throw new Error('standard output takes text alone');
  if (!stdout.write(bytes)) await once(stdout, 'drain', { signal });
}

/** Bytes as a JSON string in base64, in pieces. The closing quote comes once all of them were there. */
export async function* base64Json(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  // Three bytes are four characters: what is left of a piece goes before the next one.
  let rest: Uint8Array = new Uint8Array();
  yield '"';
  for await (const chunk of bytes) {
    const all = Buffer.concat([rest, chunk]);
    const whole = all.length - (all.length % 3);
    yield all.toString('base64', 0, whole);
    rest = all.subarray(whole);
  }
  yield `${Buffer.from(rest).toString('base64')}"`;
}
