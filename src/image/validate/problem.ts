import type { Finding, Findings, Weight } from './finding.ts';

/** One thing that is wrong. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** What the rule that says so comes from. */
  readonly rule: Weight;
  /** Which document or file it is in: empty for the one that was given, a digest, or a file of a layout. */
  readonly document: string;
  /** Where in there, as a JSON pointer (RFC 6901): `/layers/3/size`. Empty for the whole. */
  readonly pointer: string;
  readonly message: string;
}

/** What is asked of what is validated. */
export interface Strictness {
  /**
   * Hold it to the rules of the Docker Official Images as well, which want more than the specifications: platforms on all
   * entries of an index, media types that all runtimes know, nothing from elsewhere. Unless told, what breaks these is a
   * warning.
   */
  readonly official?: boolean;
}

/** What findings mean, for a document. */
export function problemsOf(
  findings: Findings,
  document: string,
  { official = false }: Strictness,
): readonly Problem[] {
  const all = [...findings];
  const forbidden = new Set(all.filter(({ weight }) => weight === 'must').map(({ pointer }) => pointer));
  return (
    all
      // Where the specifications forbid what is there, it says nothing that others do not have it either.
      .filter(({ weight, pointer }) => weight !== 'official' || !forbidden.has(pointer))
      .map(({ weight, pointer, message }) => ({
        severity: isError(weight, official) ? ('error' as const) : ('warning' as const),
        rule: weight,
        document,
        pointer,
        message,
      }))
  );
}

/** Whether something is among problems that must not be. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

function isError(weight: Finding['weight'], official: boolean): boolean {
  return weight === 'must' || (weight === 'official' && official);
}
