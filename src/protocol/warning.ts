/** Warnings may have this many characters, as the specification limits what a registry may send. */
const LONGEST = 4096;

/**
 * The texts of the warnings that a registry has for its users: `Warning: 299 - "text"`. Other codes and agents belong
 * to caches, and are none of its. Read by hand, in one pass.
 * @param fields all values of the header
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings
 * @see https://www.rfc-editor.org/rfc/rfc7234#section-5.5
 */
export function parseWarnings(fields: readonly string[]): readonly string[] {
  return fields.flatMap((field) => (field.length > LONGEST ? [] : parseField(field)));
}

/** One field, which may carry several warnings. What comes after a malformed one is not looked at. */
function parseField(field: string): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  while (at < field.length) {
    const quote = field.indexOf('"', at);
    if (quote < 0) break;
    // What ran before: the comma behind the last one, the code, the agent.
    const [code, agent, ...more] = field
      .slice(at, quote)
      .replace(/^[\s,]+/, '')
      .split(' ');
    const { text, end } = quoted(field, quote);
    if (text === undefined) break;
    if (code === '299' && agent === '-' && more.join('') === '' && text !== '') texts.push(text);
    at = afterDate(field, end);
  }
  return texts;
}

/** The text that begins with the quote at `from`, and where it has ended. */
function quoted(field: string, from: number): { readonly text: string | undefined; readonly end: number } {
  let text = '';
  for (let at = from + 1; at < field.length; at++) {
    if (field[at] === '"') return { text, end: at + 1 };
    if (field[at] === '\\') at++;
    text += field[at] ?? '';
  }
  return { text: undefined, end: field.length };
}

/** Behind the quoted date that may follow a text, which is of no use to anybody. */
function afterDate(field: string, from: number): number {
  const next = field.slice(from).trimStart();
  if (!next.startsWith('"')) return from;
  return quoted(field, field.length - next.length).end;
}
