import { members, type Member } from './members.ts';
import { Invalid } from '../oci/index.ts';
import { decodeUtf8, type TextSource } from './utf8.ts';

/** Members longer than this are refused, in characters. */
const LONGEST = 64 * 1024 * 1024;

/**
 * The members of the object that a text is, one after the other, while the text comes in: of a document of any size,
 * one member is in memory.
 * @throws {Invalid} subject `json`, when the text is no object, with the place where it stops being one, or when a member
 *   has more than 64 Mi characters.
 */
export async function* memberStream(source: TextSource): AsyncGenerator<Member> {
  const cutter = createCutter();
  for await (const text of decodeUtf8(source)) yield* cutter.take(text);
  yield* cutter.end();
}

interface Cutter {
  take(chunk: string): Generator<Member>;
  end(): Generator<Member>;
}

/**
 * Cuts an object into objects of one member each, and leaves it to `members` to see whether they are. Brackets and
 * quotes are all that is looked at, each character once.
 */
function createCutter(): Cutter {
  let piece = '';
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let first = true;
  /** Where the piece begins, as people count. */
  let line = 1;
  let column = 1;

  const cut = function* (text: string, last: boolean): Generator<Member> {
    // The first piece has the bracket in front, the last one that behind. A piece of nothing must not become an object.
    const nothing = text.trim() === (last ? '}' : '');
    yield* placed(first ? '' : nothing ? '{,' : '{', last ? text : `${text}}`, line, column);
    first = false;
    const lines = text.split('\n');
    line += lines.length - 1;
    column = (lines.length > 1 ? 1 : column) + (lines.at(-1)?.length ?? 0) + 1;
  };

  return {
    *take(chunk) {
      let start = 0;
      for (let at = 0; at < chunk.length; at++) {
        const code = chunk.charCodeAt(at);
        if (escaped) escaped = false;
        else if (quoted) {
          if (code === 0x5c) escaped = true;
          else if (code === 0x22) quoted = false;
        } else if (code === 0x22) quoted = true;
        else if (code === 0x7b || code === 0x5b) depth++;
        else if (code === 0x7d || code === 0x5d) depth--;
        else if (code === 0x2c && depth === 1) {
          yield* cut(piece + chunk.slice(start, at), false);
          piece = '';
          start = at + 1;
        }
      }
      piece += chunk.slice(start);
      if (piece.length > LONGEST)
        throw new Invalid('json', `a member that begins on line ${line} is too long`);
    },
    *end() {
      yield* cut(piece, true);
    },
  };
}

function placed(opening: string, text: string, line: number, column: number): readonly Member[] {
  try {
    return [...members(opening + text)];
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    // Once more, as far down in its text as the piece is in the document, for the error to say where that is.
    const above = '\n'.repeat(line - 1) + ' '.repeat(column - 1 - Math.min(opening.length, 1));
    return [...members(above + opening + text)];
  }
}
