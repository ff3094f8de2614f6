import { Invalid, printable } from '../oci/index.ts';
import { endOfString, endOfValue, position, skipSpace } from './scan.ts';

/** One member of an object, its value as the text that it is. */
export interface Member {
  readonly name: string;
  /** Not looked into yet: it need not be JSON. */
  readonly value: string;
}

/**
 * The members of the object that a text is, one after the other, so that of a document of any size only one is in
 * memory as more than text.
 * @throws {Invalid} subject `json`, when the text is no object, with the place where it stops being one.
 */
export function* members(text: string): Generator<Member> {
  const fail = (why: string, at: number): Invalid => new Invalid('json', `${why} (${position(text, at)})`);
  let at = skipSpace(text, 0);
  if (text[at] !== '{') throw fail('not a JSON object', at);
  at = skipSpace(text, at + 1);
  while (text[at] !== '}') {
    const end = text[at] === '"' ? endOfString(text, at) : -1;
    if (end < 0) throw fail(at >= text.length ? 'the document ends in the middle' : 'a name is expected', at);
    const name = nameOf(text.slice(at, end + 1));
    at = skipSpace(text, end + 1);
    if (text[at] !== ':') throw fail(`":" is expected after "${printable(name)}"`, at);
    at = skipSpace(text, at + 1);
    const after = endOfValue(text, at);
    if (after <= at) throw fail(`the value of "${printable(name)}" is missing, or ends in the middle`, at);
    yield { name, value: text.slice(at, after) };
    at = skipSpace(text, after);
    if (text[at] === '}') break;
    if (at >= text.length) throw fail('the document ends in the middle', at);
    if (text[at] !== ',') throw fail(`"," or "}" is expected after the value of "${printable(name)}"`, at);
    at = skipSpace(text, at + 1);
    if (text[at] === '}') throw fail('a name is expected', at);
  }
  at = skipSpace(text, at + 1);
  if (at < text.length) throw fail('there is more behind the end of the document', at);
}

function nameOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new Invalid('json', `not a name: ${printable(quoted)}`);
  }
}
