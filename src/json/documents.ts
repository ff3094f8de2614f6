import { Invalid, type InvalidSubject } from '../oci/index.ts';
import { endOfValue, skipSpace } from './scan.ts';

/** One of several documents in a stream, as text. */
export interface JsonText {
  readonly text: string;
  /** Its number in the stream, from 1 on. */
  readonly number: number;
  /** The line on which it begins, from 1 on. */
  readonly line: number;
}

/** Documents longer than this are refused, in characters. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Takes apart a stream of JSON documents, one after the other, each on as many lines as it likes.
 * @throws {Invalid} subject `json`, when the stream ends in the middle of one, or one has more than 64 Mi characters.
 */
export async function* jsonDocuments(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<JsonText> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let line = 1;
  let number = 1;
  /** No document that has begun can end before this many characters are there. Keeps long ones from being looked through at each chunk. */
  let enough = 0;

  const take = function* (last: boolean): Generator<JsonText> {
    for (;;) {
      const start = skipSpace(rest, 0);
      line += newlines(rest.slice(0, start));
      rest = rest.slice(start);
      if (rest === '' || (rest.length < enough && !last)) return;
      const end = endOfValue(rest, 0);
      // A number might go on in the next chunk; so might a word.
      const whole = end > 0 && (end < rest.length || last || /["}\]]/.test(rest[end - 1] as string));
      if (!whole && last) throw wrongIn({ number, line }, 'json', 'ends in the middle');
      if (!whole) {
        enough = rest.length * 2;
        if (rest.length > LONGEST) throw wrongIn({ number, line }, 'json', 'is too long');
        return;
      }
      const text = end > 0 ? rest.slice(0, end) : rest;
      yield { text, number, line };
      number++;
      line += newlines(text);
      rest = rest.slice(end);
      enough = 0;
    }
  };

  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decode(decoder, chunk, line);
    yield* take(false);
  }
  rest += decode(decoder, undefined, line);
  yield* take(true);
}

/**
 * Reads a stream of JSON documents; what is wrong with one is told with its number, and the line on which it begins.
 * @param read makes of each what it is to be
 * @throws {Invalid} subject `json`, or that of what `read` throws.
 */
export async function* readJsonDocuments<T>(
  chunks: AsyncIterable<Uint8Array | string>,
  read: (document: JsonText) => T,
): AsyncGenerator<T> {
  for await (const document of jsonDocuments(chunks)) {
    let value: T;
    try {
      value = read(document);
    } catch (error) {
      throw error instanceof Invalid ? wrongIn(document, error.subject, error.message) : error;
    }
    yield value;
  }
}

function wrongIn(
  { number, line }: Pick<JsonText, 'number' | 'line'>,
  subject: InvalidSubject,
  why: string,
): Invalid {
  return new Invalid(subject, `document ${number}, line ${line}: ${why}`);
}

function decode(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: Uint8Array | undefined,
  line: number,
): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new Invalid('json', `not valid UTF-8, in or after line ${line}`);
  }
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
