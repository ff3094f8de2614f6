import { Invalid, printable } from '../oci/index.ts';
import { depthLimit, endOfString, skipSpace } from './scan.ts';

/** A number as it is written: `1.50` and numbers of 20 digits stay what they are. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * A JSON value that can be written again without a change of meaning. JavaScript's own objects put names that look like
 * numbers first, and its numbers forget digits; a `Map` and text do neither.
 */
export type Ordered =
  null | boolean | string | JsonNumber | readonly Ordered[] | ReadonlyMap<string, Ordered>;

/** An object, its members in their order. */
export type OrderedObject = ReadonlyMap<string, Ordered>;

/** Whether a value is an object. */
export function isOrderedObject(value: Ordered | undefined): value is OrderedObject {
  return value instanceof Map;
}

/**
 * Reads a JSON document, keeping the order of its names. Of two equal names the last value counts, at the place of the
 * first, as jq has it.
 * @throws {Invalid} subject `json`.
 */
export function parseOrdered(text: string): Ordered {
  try {
    // The grammar is checked where it is checked fastest; what follows may rely on it.
    JSON.parse(text);
  } catch (error) {
    throw new Invalid('json', `not valid JSON: ${printable((error as Error).message, 160)}`);
  }
  return readValue({ text, at: skipSpace(text, 0) }, 0);
}

interface Reader {
  readonly text: string;
  at: number;
}

function readValue(reader: Reader, depth: number): Ordered {
  if (depth > depthLimit) throw new Invalid('json', `nested deeper than ${depthLimit} levels`);
  switch (reader.text[reader.at]) {
    case '{':
      return readObject(reader, depth);
    case '[':
      return readArray(reader, depth);
    case '"':
      return readString(reader);
    case 't':
      reader.at += 4;
      return true;
    case 'f':
      reader.at += 5;
      return false;
    case 'n':
      reader.at += 4;
      return null;
    default:
      return readNumber(reader);
  }
}

function readObject(reader: Reader, depth: number): Ordered {
  const members = new Map<string, Ordered>();
  while (next(reader) !== '}') {
    const name = readString(reader);
    next(reader);
    members.set(name, readValue(reader, depth + 1));
    if (here(reader) === '}') break;
  }
  reader.at++;
  return members;
}

function readArray(reader: Reader, depth: number): Ordered {
  const elements: Ordered[] = [];
  while (next(reader) !== ']') {
    elements.push(readValue(reader, depth + 1));
    if (here(reader) === ']') break;
  }
  reader.at++;
  return elements;
}

/** Goes past a bracket, comma or colon. @returns what comes then. */
function next(reader: Reader): string | undefined {
  here(reader);
  reader.at++;
  return here(reader);
}

function here(reader: Reader): string | undefined {
  reader.at = skipSpace(reader.text, reader.at);
  return reader.text[reader.at];
}

function readString(reader: Reader): string {
  const end = endOfString(reader.text, reader.at);
  const quoted = reader.text.slice(reader.at, end + 1);
  reader.at = end + 1;
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

const NUMBER = /[-+.\dEe]+/y;

function readNumber(reader: Reader): JsonNumber {
  NUMBER.lastIndex = reader.at;
  const number = NUMBER.exec(reader.text)?.[0] ?? '';
  reader.at += number.length;
  return new JsonNumber(number);
}
