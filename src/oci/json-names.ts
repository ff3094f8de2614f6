import { Invalid, printable } from './invalid.ts';

/** How deep documents may nest. Manifests need 6; `JSON.stringify` gives up at about 5,000. */
const DEEPEST = 64;

/**
 * Refuses a document with a name twice in an object, with the name `__proto__`, or that nests too deep.
 * @param text valid JSON
 * @param value what `JSON.parse` made of it
 * @throws {Invalid} subject `json`.
 */
export function checkNames(text: string, value: unknown): void {
  if (!isWhole(text, value)) findFault(text);
}

/**
 * Whether all texts that stand in a document, names and values, are in its value too: of two equal names
 * `JSON.parse` drops one. To count them takes half as long as to compare the names of each object, which shows in an
 * index of 100,000 entries. With escapes in it, quotation marks tell nothing.
 */
function isWhole(text: string, value: unknown): boolean {
  if (text.includes('\\')) return false;
  let marks = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) marks++;
  return 2 * countTexts(value, 0) === marks;
}

/** How many names and texts a value has; not a number where it has what is refused. */
function countTexts(value: unknown, depth: number): number {
  if (typeof value === 'string') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === DEEPEST) return NaN;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) count += countTexts(element, depth + 1);
    return count;
  }
  const object = value as { readonly [name: string]: unknown };
  // Not `for in`: it counts what a program has put into `Object.prototype`, in the place of what was dropped.
  for (const name of Object.keys(object)) {
    if (name === '__proto__') return NaN;
    count += 1 + countTexts(object[name], depth + 1);
  }
  return count;
}

/** Walks over text that is known to be valid JSON, looking for names and depth alone. */
function findFault(text: string): void {
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
