/** One way to authenticate that a server offers in `WWW-Authenticate`. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By their names in lower case. Of a name that is there twice, the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What schemes such as `Negotiate` have in place of parameters. */
  readonly token68?: string;
}

/** Longer values are an attack: no registry needs 500 characters. */
const LONGEST = 8 * 1024;

// Each is matched at one place (`y`) and has one loop: time grows with the text and no faster.
const GAP = /[ \t,]*/y;
const SPACE = /[ \t]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
/** Registries write URLs without quotes, though the grammar has no place for `:` and `/` there. */
const UNQUOTED = /[^ \t,"]*/y;
const TO_COMMA = /[^,]*/y;
const GARBAGE = /[^ \t,"]+/y;

/**
 * Reads the challenges of a 401. Several may stand in one value: `fetch` joins header lines with commas, and some
 * registries (Codeberg) send them so. What cannot be read is skipped up to the next challenge; never throws.
 * @param values of the header `WWW-Authenticate`; those over 8 KiB are left out
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(values: readonly string[]): Challenge[] {
  return values.flatMap((value) => (value.length > LONGEST ? [] : parseValue(value)));
}

interface Draft extends Challenge {
  readonly parameters: Map<string, string>;
  token68?: string;
}

function parseValue(text: string): Challenge[] {
  const challenges: Draft[] = [];
  // Undefined before the first challenge, and after garbage: parameters then belong to nobody.
  let current: Draft | undefined;
  let at = 0;
  for (;;) {
    at += run(GAP, text, at).length;
    if (at >= text.length) return challenges;
    const name = run(TOKEN, text, at).toLowerCase();
    if (name === '') {
      current = undefined;
      at = text[at] === '"' ? (readQuoted(text, at)?.end ?? text.length) : at + run(GARBAGE, text, at).length;
      continue;
    }
    const afterName = at + name.length;
    at = afterName + run(SPACE, text, afterName).length;
    if (text[at] === '=') {
      const value = readParameter(text, at + 1);
      if (value === undefined) return challenges.filter((challenge) => challenge !== current);
      if (current !== undefined && !current.parameters.has(name)) current.parameters.set(name, value.text);
      at = value.end;
    } else {
      current = { scheme: name, parameters: new Map() };
      challenges.push(current);
      const token68 = at > afterName ? run(TOKEN68, text, at) : '';
      if (token68 !== '') current.token68 = token68;
      at += token68.length;
    }
  }
}

interface Piece {
  readonly text: string;
  /** The offset after it. */
  readonly end: number;
}

function readParameter(text: string, afterEquals: number): Piece | undefined {
  const start = afterEquals + run(SPACE, text, afterEquals).length;
  if (text[start] !== '"') {
    const value = run(UNQUOTED, text, start);
    // `service=, scope=…`: nothing after the sign, so the space was not part of it.
    return { text: value, end: start + value.length };
  }
  const quoted = readQuoted(text, start);
  if (quoted === undefined) return undefined;
  const next = text[quoted.end];
  const clean = next === undefined || next === ' ' || next === '\t' || next === ',';
  return clean ? quoted : { text: quoted.text, end: quoted.end + run(TO_COMMA, text, quoted.end).length };
}

/** @returns undefined if the closing quote is missing. */
function readQuoted(text: string, start: number): Piece | undefined {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: value, end: at + 1 };
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  return undefined;
}

function run(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
