import { Invalid, printable } from './invalid.ts';

/** Any JSON value, before its form is known. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** How deep documents may nest. Manifests need 6; `JSON.stringify` gives up at about 5,000. */
const DEEPEST = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON document as I-JSON (RFC 7493) wants it: valid UTF-8, no name twice in an object,
 * bounded depth. `JSON.parse` alone keeps the last of two equal names while other readers keep the first,
 * so that two parties could see two documents in the same bytes.
 * @throws {Invalid} subject `json`.
 */
export function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Invalid('json', 'not valid UTF-8');
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new Invalid('json', `not valid JSON: ${printable((error as Error).message, 160)}`);
  }
  checkNames(text);
  return value;
}

/** Walks over text that is known to be valid JSON, looking for names and depth alone. */
function checkNames(text: string): void {
  // For each open object the names seen in it; for each open array `undefined`.
  const open: (Names | undefined)[] = [];
  let expectName = false;
  const hasEscapes = text.includes('\\');
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        expectName = text.charCodeAt(at) === 0x7b;
        open.push(expectName ? { few: [] } : undefined);
        if (open.length > DEEPEST) throw new Invalid('json', `nested deeper than ${DEEPEST} levels`);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        expectName = false;
        break;
      case 0x2c: // ,
        expectName = open[open.length - 1] !== undefined;
        break;
      case 0x22: {
        const end = hasEscapes ? endOfString(text, at) : text.indexOf('"', at + 1);
        if (expectName) addName(open[open.length - 1] as Names, text.slice(at + 1, end), at);
        expectName = false;
        at = end;
        break;
      }
    }
  }
}

/** The names of an object: a list while they are few, as an index may have hundreds of thousands of small objects. */
interface Names {
  readonly few: string[];
  many?: Set<string>;
}

const FEW = 8;

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

function addName(names: Names, written: string, at: number): void {
  const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
  if (names.many?.has(name) ?? names.few.includes(name))
    throw new Invalid('json', `duplicate key "${printable(name)}" at offset ${at}`);
  // An object of ours that takes this name over would change its prototype.
  if (name === '__proto__') throw new Invalid('json', `key "__proto__" at offset ${at} is not allowed`);
  if (names.many !== undefined) names.many.add(name);
  else if (names.few.push(name) > FEW) names.many = new Set(names.few);
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
