import { existsSync } from 'node:fs';
import { printable } from '../oci/index.ts';
import { formatLocalReference, isLocalReference, parseLocalReference } from '../place/index.ts';
import { isRegistryError, type RegistryError } from '../registry/index.ts';
import { say, type Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { isPath } from './path.ts';

/** An error as people read it: one line, with the cause where it adds something. */
export function describeFailure(error: unknown): string {
  if (isRegistryError(error)) return `${error.message}${layoutAdvice(error)} [${error.code}]`;
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(describeFailure).join('\n');
  if (error instanceof Error) return error.message;
  return String(error);
}

/**
 * The same, for a command about some references. Where only one can be meant, it goes before what does not name it: the
 * only one there is; or the only layout or archive, for what was not told by a registry over HTTP.
 */
export function describeFailureAt(error: unknown, ...references: readonly string[]): string {
  const inside = isRegistryError(error) && error.url === undefined && !error.message.startsWith('invalid');
  const meant = references.length === 1 ? references : inside ? references.filter(isLocalReference) : [];
  const said = describeFailure(error);
  const [reference, ...others] = meant;
  if (reference === undefined || others.length > 0 || isNamed(reference, said)) return said;
  return `${printable(reference, 1000)}: ${said}`;
}

/** Of a layout or an archive, it is enough that the folder or file is named. */
function isNamed(reference: string, said: string): boolean {
  if (said.includes(reference)) return true;
  if (!isLocalReference(reference)) return false;
  const { scheme, path } = parseLocalReference(reference);
  return said.includes(formatLocalReference({ scheme, path }));
}

/** Tells what went wrong, and leaves the exit code that goes with it. */
export function fail(context: Context, error: unknown): undefined {
  say(context, `stowage: ${describeFailure(error)}`);
  context.process.exitCode = exitCodeOf(error);
}

/** Tells that flags do not go together. */
export function misuse(context: Context, why: string): undefined {
  say(context, `stowage: ${why}`);
  context.process.exitCode = exitCodes.usage;
}

/** Who names a folder means the layout in it, which has to be said: a name may be that of a repository as well. */
function layoutAdvice({ code, reference = '' }: RegistryError): string {
  return code === 'REFERENCE_INVALID' &&
    (isPath(reference) || (!isLocalReference(reference) && existsSync(reference)))
    ? `; for the layout in a folder, write oci-layout:${printable(reference, 100)}`
    : '';
}
