import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { cleanPath } from './clean-path.ts';
import { BadExpression, compileExpression } from './expression.ts';

/** One line of a `.dockerignore`, or of what a builder asks for. */
export interface Pattern {
  /** Without the `!`, and as short as can be. */
  readonly text: string;
  /** It began with `!`: what it matches is taken out of what the lines before it matched. */
  readonly exception: boolean;
  /** Whether it matches a path by itself; whether it matches a folder that the path is in is another question. */
  matches(path: string): boolean;
}

/**
 * Reads a pattern as Docker does: `*` and `?` stop at slashes, `**` does not, `[a-z]` is a class, `\` takes the meaning of
 * the next character away.
 * @param line with white space around it, or `!` before it
 * @param platform on which the pattern was written: Windows separates by `\`, and knows no escapes
 * @returns undefined for an empty line
 * @throws {RegistryError} `SETTINGS_INVALID`, if it is no pattern.
 * @see https://docs.docker.com/build/concepts/context/#syntax
 * @see https://pkg.go.dev/github.com/moby/patternmatcher
 */
export function parsePattern(line: string, platform: NodeJS.Platform): Pattern | undefined {
  const trimmed = line.trim();
  if (trimmed === '') return undefined;
  // The path is made short before the `!` is looked for, so that `./!a` is an exception and `a/../!b` too.
  const cleaned = cleanPath(platform === 'win32' ? trimmed.replaceAll('\\', '/') : trimmed);
  const exception = cleaned.startsWith('!');
  const text = exception ? cleaned.slice(1) : cleaned;
  try {
    if (text === '') throw new BadExpression('there is nothing behind the !');
    checkSyntax(text);
    return { text, exception, matches: compile(text) };
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    throw new RegistryError(
      'SETTINGS_INVALID',
      `not a pattern: "${printable(line, 200)}": ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/** The names in one folder that match: `*` and `?` as in patterns, and `**` is a `*`. */
export function parseNamePattern(text: string): (name: string) => boolean {
  return compileExpression(translate(text.replaceAll(/\*+/g, '*')).expression);
}

/**
 * What is not written as Go's `filepath.Match` wants it is refused, also where the expression would be one: classes are
 * closed, have something in them, and do not begin or end with a hyphen. Docker has only so much checked as lies before
 * the first `*`, or behind it where the pattern begins with it.
 * @see https://pkg.go.dev/path/filepath#Match
 */
function checkSyntax(text: string): void {
  let at = text.search(/[^*]|$/);
  while (at < text.length && text[at] !== '*') {
    if (text[at] === '[') at = endOfClass(text, at + 1);
    else at = text[at] === '\\' ? afterEscape(text, at) : at + 1;
  }
}

function endOfClass(text: string, begin: number): number {
  let at = text[begin] === '^' ? begin + 1 : begin;
  for (let members = 0; text[at] !== ']' || members === 0; members += 1) {
    at = endOfMember(text, at);
    if (text[at] === '-') at = endOfMember(text, at + 1);
  }
  return at + 1;
}

function endOfMember(text: string, at: number): number {
  const character = text[at];
  if (character === undefined) throw new BadExpression('a [ has no ]');
  if (character === '-' || character === ']')
    throw new BadExpression(`in a class, a ${character} has to be written as \\${character}`);
  return character === '\\' ? afterEscape(text, at) : at + 1;
}

function afterEscape(text: string, at: number): number {
  if (at + 1 >= text.length) throw new BadExpression('there is nothing behind the last \\');
  return at + 2;
}

function compile(text: string): (path: string) => boolean {
  const { form, expression } = translate(text);
  switch (form) {
    case 'exact':
      return (path) => path === text;
    case 'prefix': {
      const prefix = text.slice(0, -'**'.length);
      return (path) => path.startsWith(prefix);
    }
    case 'suffix': {
      const suffix = text.slice('**'.length);
      return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
    }
    case 'expression':
      return compileExpression(expression);
  }
}

interface Translated {
  /** How the pattern is compared; most need no expression. */
  readonly form: 'exact' | 'prefix' | 'suffix' | 'expression';
  readonly expression: string;
}

/**
 * The pattern as a regular expression. Docker defines its patterns by this translation, down to what nobody would have
 * thought of: inside of brackets, `*` and `?` are translated too.
 */
function translate(text: string): Translated {
  let form: Translated['form'] = 'exact';
  let expression = '';
  let at = 0;
  while (at < text.length) {
    const begin = at;
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += character.length;
    if (character === '*' && text[at] === '*') {
      at += text[at + 1] === '/' ? 2 : 1;
      const last = at === text.length;
      // At the end, it is everything below a folder; anywhere else, any folders, or none.
      if (last && form === 'exact') form = 'prefix';
      else {
        expression += last ? '.*' : '(.*/)?';
        form = 'expression';
      }
      // Read on from the start, it is what a path ends with, unless something else comes that needs an expression.
      if (begin === 0) form = 'suffix';
    } else if (character === '*') {
      expression += '[^/]*';
      form = 'expression';
    } else if (character === '?') {
      expression += '[^/]';
      form = 'expression';
    } else if (character === '\\') {
      const escaped = at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : '';
      at += escaped.length;
      expression += `\\${escaped}`;
      if (escaped !== '') form = 'expression';
    } else if (character === '[' || character === ']') {
      expression += character;
      form = 'expression';
    } else {
      expression += '.+()|{}$'.includes(character) ? `\\${character}` : character;
    }
  }
  return { form, expression };
}
