import { formatJson } from '../json/index.ts';
import type { Json } from '../oci/index.ts';

/** What others write differently than JavaScript does: DEL, and halves of pairs. */
const ODD = /\u007f|\\ud[89a-f]/;

/**
 * Writes a value of our own as `jq --tab` does. There are thousands of these, and JavaScript's own way is ten times as
 * fast as one that keeps the order of all names and the digits of all numbers.
 */
export function formatPlain(value: Json): string {
  const text = JSON.stringify(value, undefined, '\t');
  return ODD.test(text) ? formatJson(value) : text;
}

/** The same as Go does, for HTML: `<`, `>`, `&` and the separators of lines as escapes. */
export function formatPlainForHtml(value: Json): string {
  return formatPlain(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
