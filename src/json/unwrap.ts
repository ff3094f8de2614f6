import { Invalid } from '../oci/index.ts';
import { decodeUtf8, type TextSource } from './utf8.ts';

/** As much white space as may stand before what is looked for, in characters. */
const MOST_SPACE = 1024;

/**
 * Takes an object out of one that has nothing but it: `{…}` out of `{"name": {…}}`, piece by piece.
 * @throws {Invalid} subject `json`, when the wrapping is another.
 */
export async function* unwrapped(source: TextSource, name: string): AsyncGenerator<string> {
  const opening = new RegExp(`^\\s*\\{\\s*"${name}"\\s*:\\s*(?=\\{)`);
  const wrong = (): Invalid => new Invalid('json', `want {"${name}": {…}}, and nothing beside it`);
  let held = '';
  let opened = false;
  for await (const chunk of decodeUtf8(source)) {
    held += chunk;
    if (!opened) {
      const head = opening.exec(held);
      if (head === null && held.length > name.length + MOST_SPACE) throw wrong();
      if (head === null) continue;
      opened = true;
      held = held.slice(head[0].length);
    }
    // The last bracket of all is that of the wrapping. Whether it has come nobody knows before the end.
    const last = held.lastIndexOf('}');
    if (last <= 0) continue;
    yield held.slice(0, last);
    held = held.slice(last);
  }
  if (!opened || !/^\}\s*$/.test(held)) throw wrong();
}
