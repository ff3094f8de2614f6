import { formatPlain } from './format-text.ts';
import type { Json } from '../oci/index.ts';

/** Writes a value of our own as `jq --tab` does, but `<`, `>`, `&` and the separators of lines as escapes, as Go has it. */
export function formatForHtml(value: Json): string {
  return formatPlain(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
