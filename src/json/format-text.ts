import type { Json } from '../oci/index.ts';
import { formatJson } from './format.ts';
import { parseOrdered } from './ordered.ts';

/** What others write differently than JavaScript does: DEL, and halves of pairs. */
const DEL = '\u007f';
const HALF = /\\ud[89a-f]/;

/**
 * Writes a value of our own as `jq --tab` does. JavaScript's own way is ten times as fast as one that keeps the order of
 * all names and the digits of all numbers.
 */
export function formatPlain(value: Json): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, undefined, '\t');
  return isOdd(text) ? formatJson(value) : text;
}

/** Texts are long and many, and next to none is: what is looked for first is found as fast as memory is read. */
function isOdd(text: string): boolean {
  return text.includes(DEL) || (text.includes('\\ud') && HALF.test(text));
}

/**
 * Formats a document that is JSON as `jq --tab` does, keeping the order of names and the digits of numbers.
 * @throws {Invalid} subject `json`.
 */
export function formatText(text: string): string {
  const plain = plainly(text);
  return plain === undefined ? formatJson(parseOrdered(text)) : formatPlain(plain);
}

/** The value of a text that says the same when JavaScript has read and written it, as almost all do. */
function plainly(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    // Line breaks cannot stand in strings. Where a quote, colon and space do, this only takes longer.
    const squeezed = text.replaceAll(/\s*\n\s*/g, '').replaceAll('": ', '":');
    return squeezed === JSON.stringify(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
