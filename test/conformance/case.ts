/**
 * What the suite is made of: cases, in groups, for a target.
 * Cases of a group share what they pushed, so they are run in order and one at a time; each can also be run alone.
 */

/** The registry under test. */
export interface Target {
  /** Where it answers, such as `http://127.0.0.1:5000`. Read when a case runs, so it may be set late. */
  readonly url: string;
  /** Two repositories that the suite may write to, best untouched ones. */
  readonly repositories: readonly [string, string];
}

/** One thing that is asserted. */
export interface Case {
  readonly group: string;
  readonly name: string;
  /** Throws an Error that says what was sent, what was wanted and what came. */
  run(): Promise<void>;
}

/** The cases of a group, by name. */
export function group(name: string, cases: Readonly<Record<string, () => Promise<void>>>): Case[] {
  return Object.entries(cases).map(([title, run]) => ({ group: name, name: title, run }));
}

/** Runs `prepare` when it is first needed, and once: later callers get the same result, or that it failed before. */
export function once<T>(prepare: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return async () => {
    if (result === undefined) return (result = prepare());
    return result.catch((error: unknown) => {
      throw new Error(`what this needs failed before: ${(error as Error).message}`, { cause: error });
    });
  };
}

/** The cases of a table: one a row, all run in the same way. */
export function table<Row>(
  name: string,
  rows: Readonly<Record<string, Row>>,
  run: (row: Row, title: string) => Promise<void>,
): Case[] {
  return Object.entries(rows).map(([title, row]) => ({
    group: name,
    name: title,
    run: () => run(row, title),
  }));
}

/** The rows of a table that need no more than a name, which is cut if it is long. */
export function rowsOf(values: readonly string[], before = ''): Record<string, string> {
  const short = (value: string): string =>
    value.length > 60 ? `${value.slice(0, 20)}… (${value.length})` : value;
  return Object.fromEntries(values.map((value) => [before + short(value), value]));
}
