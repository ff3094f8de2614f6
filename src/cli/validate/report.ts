import { hasErrors, type Problem } from '../../image/index.ts';
import { formatJson } from '../../json/index.ts';
import { printable } from '../../oci/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';

/** What came of it. */
export interface Outcome {
  /** As the user called it. */
  readonly target: string;
  readonly problems: readonly Problem[];
  /** How a document of it is called. */
  nameOf(document: string): string;
}

/** Tells what is wrong, one line for each problem, and leaves the exit code. */
export function report(
  context: Context,
  { json = false }: { readonly json?: boolean },
  { target, problems, nameOf }: Outcome,
): void {
  const valid = !hasErrors(problems);
  if (json) {
    print(
      context,
      formatJson({ place: target, valid, problems: problems.map((problem) => ({ ...problem })) }),
    );
  } else {
    for (const problem of problems) print(context, lineOf(problem, nameOf(problem.document)));
    say(context, `${target}: ${summary(problems)}`);
  }
  context.process.exitCode = valid ? exitCodes.ok : exitCodes.verificationFailed;
}

/** `NAME /layers/0/size: error: …`, and `NAME: error: …` for a document as a whole. */
export function lineOf({ pointer, severity, rule, message }: Problem, name: string): string {
  const where = pointer === '' ? name : `${name} ${printable(pointer, 400)}`;
  return `${where}: ${severity}: ${message}${rule === 'official' ? ' (official)' : ''}`;
}

/** How many there are. */
export function summary(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (problems.length === 0) return 'nothing is wrong';
  return `${counted(errors, 'error')}, ${counted(problems.length - errors, 'warning')}`;
}
