import { constants, createReadStream, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../disk/index.ts';
import { parseOrdered, type Ordered } from '../json/index.ts';
import { Invalid, type InvalidSubject } from '../oci/index.ts';
import { say, type Context } from './context.ts';

const CHUNK = 1024 * 1024;

/** The bytes of a file, as they are read; those of standard input for `-`. */
export async function* chunksOf({ process }: Context, path: string): AsyncGenerator<Uint8Array> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK });
  if (stream === undefined) return;
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>)
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/**
 * Does something with what a file holds; what is wrong with the file is told with its name.
 * @param subject what the file is, for the error
 * @throws {Invalid} for a file that is not there, or is not what it should be.
 */
export async function inFile<T>(path: string, subject: InvalidSubject, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Invalid) throw new Invalid(subject, `${path}: ${error.message}`);
    if (isMissing(error)) throw new Invalid(subject, `${path}: there is no such file`);
    if ((error as NodeJS.ErrnoException).code === 'EISDIR')
      throw new Invalid(subject, `${path}: this is a folder, and not a file`);
    throw error;
  }
}

/**
 * Sees that a file can be written later, before anything is done for it.
 * @throws {Invalid} when its folder is not there, or not ours to write to.
 */
export async function checkTarget(path: string, subject: InvalidSubject): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    const why = isMissing(error) ? 'is not there' : 'cannot be written to';
    throw new Invalid(subject, `${path}: the folder ${folder} ${why}`);
  }
}

/** The file that an earlier run left; nothing, which is told, if this is the first one. */
export function leftBefore(context: Context, path: string | undefined): string | undefined {
  if (path === undefined || path === '-' || existsSync(path)) return path;
  say(context, `${path} is not there yet: nothing is known of earlier runs`);
  return undefined;
}

/** A JSON document that is read as a whole. @throws {Invalid} as `inFile` does. */
export async function readDocument(
  context: Context,
  path: string,
  subject: InvalidSubject,
): Promise<Ordered> {
  return inFile(path, subject, async () => parseOrdered(await readText(context, path)));
}

/**
 * A JSON document that holds secrets: where it is malformed is not told, as that is where a secret may be.
 * @throws {Invalid} as `inFile` does.
 */
export async function readSecretDocument(
  context: Context,
  path: string,
  subject: InvalidSubject,
): Promise<Ordered> {
  return inFile(path, subject, async () => {
    const text = await readText(context, path);
    try {
      return parseOrdered(text);
    } catch {
      throw new Invalid(subject, 'not valid JSON');
    }
  });
}

/** The text of a file, as a whole. */
async function readText(context: Context, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(context, path)) chunks.push(chunk);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Invalid('json', 'not valid UTF-8');
  }
}
