import { differences, sameRequest, type Received } from './compare.ts';
import type { Answer, Exchange, TableOptions } from './exchange.ts';

/** The rows of a script, as they are used up. */
export interface Table {
  /** Requests as they came, written as in tables. */
  readonly lines: readonly string[];
  /**
   * Takes the row that a request fits.
   * @throws {Error} when there is none, with what was wanted. It is kept for `report` too, as a client may forgive.
   */
  take(came: Received): Answer;
  /** Notes that something else went wrong. */
  note(problem: string): void;
  /**
   * What was not as written.
   * @param alsoNow what is wrong only for as long as it lasts
   * @returns undefined if all was well
   */
  report(alsoNow?: readonly string[]): string | undefined;
}

/** Lays a table of exchanges out. */
export function table(exchanges: readonly Exchange[], { anyOrder = false }: TableOptions): Table {
  const left = [...exchanges];
  const lines: string[] = [];
  const problems: string[] = [];
  return {
    lines,
    take(came) {
      lines.push(came.line);
      const candidates = anyOrder ? left : left.slice(0, 1);
      const found = candidates.find((row) => differences(row, came).length === 0);
      if (found === undefined) {
        const problem = unexpected(came, candidates);
        problems.push(problem);
        throw new Error(problem);
      }
      left.splice(left.indexOf(found), 1);
      return found.answer ?? {};
    },
    note: (problem) => void problems.push(problem),
    report(alsoNow = []) {
      const leftOver = left.map(({ request }) => `expected, but never came: ${request}`);
      const all = [...problems, ...leftOver, ...alsoNow];
      if (all.length === 0) return undefined;
      const came = lines.map((line, at) => `  ${at + 1}. ${line}`);
      return [...all, came.length === 0 ? 'nothing came' : 'what came:', ...came].join('\n');
    },
  };
}

function unexpected(came: Received, candidates: readonly Exchange[]): string {
  const nearest = candidates.find(({ request }) => sameRequest(request, came.line));
  return [`unexpected: ${came.line}`, ...wanted(nearest).map((line) => `  wanted ${line}`)].join('\n');

  function wanted(row: Exchange | undefined): readonly string[] {
    if (row !== undefined) return differences(row, came);
    if (candidates.length === 0) return ['no request at all'];
    return candidates.map(({ request }) => `request: ${request}`);
  }
}
