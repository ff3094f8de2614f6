/** A file that is built from, and the lines in it that something is said about. */
export interface SourceLinesIn {
  readonly filename: string;
  readonly text: string;
  /** Counted from 1, both ends included. */
  readonly lines: readonly { readonly start: number; readonly end: number }[];
}

/** How much is shown around the lines that are meant: more around a single one. */
const AROUND = { one: 4, several: 2 } as const;
const RULE = '--------------------\n';

/**
 * The lines of a file that something is said about, with those around them, as BuildKit's tools show them:
 * `   5 | >>> RUN make`. Empty where there are no such lines.
 */
export function sourceExcerpt({ filename, text, lines: spans }: SourceLinesIn): string {
  const lines = text.split('\n');
  const from = Math.min(...spans.map(({ start }) => start));
  const to = Math.min(lines.length, Math.max(...spans.map(({ start, end }) => Math.max(start, end))));
  if (spans.length === 0 || from < 1 || from > lines.length) return '';
  const around = from === to ? AROUND.one : AROUND.several;
  let [first, last] = [from, to];
  // What finds no room on one side of the lines goes to the other; each round counts for one more.
  for (let given = 0; given < around; given += 1) {
    if (first > 1) {
      first -= 1;
      given += 1;
    }
    if (last < lines.length) {
      last += 1;
      given += 1;
    }
  }
  const shown = lines.slice(first - 1, last).map((line, index) => {
    const number = first + index;
    const isMeant = spans.some(({ start, end }) => start <= number && number <= Math.max(start, end));
    return ` ${String(number).padStart(3)} | ${isMeant ? '>>>' : '   '} ${line}\n`;
  });
  return `${filename}:${from}\n${RULE}${shown.join('')}${RULE}`;
}
