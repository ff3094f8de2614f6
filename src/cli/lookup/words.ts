import { Invalid, printable } from '../../oci/index.ts';

/** What is asked of one reference: its synthesized index, unless `type` or `head` is said. */
export interface Wanted {
  readonly reference: string;
  readonly type?: 'manifest' | 'blob';
  readonly head: boolean;
}

/** No word of a command line can have it. */
const MARK = '\0';

/**
 * `lookup` takes `--type` and `--head` before the reference that they are about, and for that one alone. The parser
 * keeps words without dashes in order, and forgets where flags stood: so these two are handed to it as such words.
 * @param words of any command line; those of other commands stay as they are
 */
export function encodeLookupFlags(words: readonly string[]): readonly string[] {
  if (words[0] !== 'lookup') return words;
  const marked: string[] = [];
  // Behind `--` there are references alone.
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  for (let at = 0; at < end; at++) {
    const word = words[at] ?? '';
    const type = word === '--type' ? (words[++at] ?? '') : /^--type=(.*)$/s.exec(word)?.[1];
    if (type !== undefined) marked.push(`${MARK}type ${type}`);
    else marked.push(word === '--head' ? `${MARK}head` : word);
  }
  return [...marked, ...words.slice(end)];
}

/**
 * Puts together what is asked of each reference.
 * @param words marked ones, without flags
 * @throws {Invalid} subject `reference`, for a type that there is not, and for what stands behind the last reference.
 */
export function readLookup(words: readonly string[]): readonly Wanted[] {
  const wanted: Wanted[] = [];
  let next: Omit<Wanted, 'reference'> = { head: false };
  for (const word of words) {
    if (word === `${MARK}head`) next = { ...next, head: true };
    else if (word.startsWith(`${MARK}type `)) next = { ...next, type: readType(word.slice(6)) };
    else {
      wanted.push({ reference: word, ...next });
      next = { head: false };
    }
  }
  if (next.head || next.type !== undefined) {
    throw new Invalid(
      'reference',
      `${next.head ? '--head' : '--type'} is said of the reference that comes after it, and there is none`,
    );
  }
  return wanted;
}

function readType(text: string): 'manifest' | 'blob' {
  if (text === 'manifest' || text === 'blob') return text;
  throw new Invalid('reference', `--type is manifest or blob, and not "${printable(text, 40)}"`);
}
