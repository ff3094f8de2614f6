/** What a character has to be for a step to be taken. */
type Accepts = (character: number) => boolean;

/** Steps through a text. Each is taken once, or any number of times; or is a fork, or asks where in the text it is. */
type Step =
  | { readonly kind: 'one' | 'many'; readonly accepts: Accepts }
  /** Goes on with the next step, or passes over some. */
  | { readonly kind: 'maybe'; readonly over: number }
  | { readonly kind: 'start' };

/** That a text is no expression, with the reason. */
export class BadExpression extends Error {
  override readonly name = 'BadExpression';
}

const SLASH = code('/');
const NEWLINE = code('\n');

/**
 * Compiles the regular expressions that Docker's patterns become: characters, escapes, classes, any number of one of
 * these, and the group that stands for any folders. They mean what they mean to Go, and a match takes time in proportion
 * to the text: an engine that goes back and forth would take for ever where a pattern has many `**`.
 * @returns whether a whole text matches
 * @throws {BadExpression}
 * @see https://github.com/google/re2/wiki/Syntax
 * @see https://swtch.com/~rsc/regexp/regexp1.html
 */
export function compileExpression(expression: string): (text: string) => boolean {
  const steps = parseSteps(codes(expression));
  // In which round a step was put on the list, so that it is there once.
  const round = new Float64Array(steps.length + 1);
  let rounds = 0;
  const reach = (at: number, begun: boolean, reached: number[]): void => {
    if (round[at] === rounds) return;
    round[at] = rounds;
    const step = steps[at];
    if (step?.kind === 'maybe') reach(at + 1 + step.over, begun, reached);
    if (step?.kind === 'many' || step?.kind === 'maybe') reach(at + 1, begun, reached);
    if (step?.kind === 'start' && !begun) reach(at + 1, begun, reached);
    reached.push(at);
  };
  return (text) => {
    rounds += 1;
    let reached: number[] = [];
    reach(0, false, reached);
    for (let index = 0; index < text.length && reached.length > 0;) {
      const character = text.codePointAt(index) ?? 0;
      index += character > 0xffff ? 2 : 1;
      rounds += 1;
      const next: number[] = [];
      for (const at of reached) {
        const step = steps[at];
        if (step?.kind !== 'one' && step?.kind !== 'many') continue;
        if (step.accepts(character)) reach(step.kind === 'one' ? at + 1 : at, true, next);
      }
      reached = next;
    }
    return reached.includes(steps.length);
  };
}

// The group that stands for any folders.
const FOLDERS = codes('(.*/)?');

function parseSteps(characters: readonly number[]): readonly Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < characters.length) {
    if (FOLDERS.every((character, index) => characters[at + index] === character)) {
      steps.push(
        { kind: 'maybe', over: 2 },
        { kind: 'many', accepts: notNewline },
        { kind: 'one', accepts: is(SLASH) },
      );
      at += FOLDERS.length;
      continue;
    }
    if (characters[at] === code('^')) {
      steps.push({ kind: 'start' });
      at += 1;
      continue;
    }
    const atom = parseAtom(characters, at);
    const many = characters[atom.end] === code('*');
    steps.push({ kind: many ? 'many' : 'one', accepts: atom.accepts });
    at = atom.end + (many ? 1 : 0);
  }
  return steps;
}

interface Atom {
  readonly accepts: Accepts;
  /** Where what follows it begins. */
  readonly end: number;
}

function parseAtom(characters: readonly number[], at: number): Atom {
  const character = characters[at] ?? 0;
  if (character === code('[')) return parseClass(characters, at + 1);
  if (character === code('\\')) return { accepts: escaped(characters[at + 1]), end: at + 2 };
  return { accepts: character === code('.') ? notNewline : is(character), end: at + 1 };
}

/** What lies between brackets. */
function parseClass(characters: readonly number[], begin: number): Atom {
  const negated = characters[begin] === code('^');
  const first = negated ? begin + 1 : begin;
  const members: Accepts[] = [];
  let at = first;
  // A bracket that comes first is one of the characters.
  while (characters[at] !== code(']') || at === first) {
    if (at >= characters.length) throw new BadExpression('a [ has no ]');
    if (characters[at] === code('[') && characters[at + 1] === code(':'))
      throw new BadExpression('classes of characters have no names here');
    const low = parseMember(characters, at);
    at = low.end;
    if (characters[at] !== code('-') || (characters[at + 1] ?? code(']')) === code(']')) {
      members.push(low.accepts);
      continue;
    }
    const high = parseMember(characters, at + 1);
    at = high.end;
    const [from, to] = [low.character, high.character];
    if (from === undefined || to === undefined || to < from)
      throw new BadExpression('a range of characters ends before it begins');
    members.push((character) => from <= character && character <= to);
  }
  return {
    accepts: (character) => members.some((accepts) => accepts(character)) !== negated,
    end: at + 1,
  };
}

/** One character of a class; an escape such as `\d` is several, and has none that a range could begin with. */
function parseMember(
  characters: readonly number[],
  at: number,
): Atom & { readonly character: number | undefined } {
  const character = characters[at];
  if (character === undefined) throw new BadExpression('a [ has no ]');
  if (character !== code('\\')) return { accepts: is(character), character, end: at + 1 };
  const next = characters[at + 1];
  const single = next === undefined || WORDS.has(next) ? undefined : (CONTROLS.get(next) ?? next);
  return { accepts: escaped(next), character: single, end: at + 2 };
}

const digit: Accepts = (character) => code('0') <= character && character <= code('9');
const letter: Accepts = (character) => {
  const lower = character | 0x20;
  return character < 0x80 && code('a') <= lower && lower <= code('z');
};
const word: Accepts = (character) => digit(character) || letter(character) || character === code('_');
const space: Accepts = (character) => [0x09, 0x0a, 0x0c, 0x0d, 0x20].includes(character);
const notNewline: Accepts = (character) => character !== NEWLINE;

/** Escapes that stand for several characters. Go knows those of ASCII. */
const WORDS: ReadonlyMap<number, Accepts> = new Map([
  [code('d'), digit],
  [code('D'), not(digit)],
  [code('s'), space],
  [code('S'), not(space)],
  [code('w'), word],
  [code('W'), not(word)],
]);

/** Escapes that stand for one that cannot be seen. */
const CONTROLS: ReadonlyMap<number, number> = new Map([
  [code('a'), 0x07],
  [code('f'), 0x0c],
  [code('n'), 0x0a],
  [code('r'), 0x0d],
  [code('t'), 0x09],
  [code('v'), 0x0b],
]);

function escaped(character: number | undefined): Accepts {
  if (character === undefined) throw new BadExpression('there is nothing behind the last \\');
  const several = WORDS.get(character);
  if (several !== undefined) return several;
  const control = CONTROLS.get(character);
  if (control !== undefined) return is(control);
  if (character >= 0x80 || digit(character) || letter(character))
    throw new BadExpression(`\\${String.fromCodePoint(character)} has no meaning`);
  return is(character);
}

function is(wanted: number): Accepts {
  return (character) => character === wanted;
}

function not(accepts: Accepts): Accepts {
  return (character) => !accepts(character);
}

function codes(text: string): readonly number[] {
  return Array.from(text, code);
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0;
}
