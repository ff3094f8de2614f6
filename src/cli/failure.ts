import { looksLikeDigest, printable } from '../oci/index.ts';
import { formatLocalReference, isLocalReference, parseLocalReference } from '../place/index.ts';
import { isDenied, isNotFound, isRegistryError, type RegistryError } from '../registry/index.ts';
import { say, type Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { adviceOnColons, adviceOnPath, adviceWhereThere } from './local-advice.ts';

/**
 * An error as people read it: one line, with the cause where it adds something.
 * @param references that the command was given
 */
export function describeFailure(error: unknown, references: readonly string[] = []): string {
  if (isRegistryError(error)) return `${error.message}${localAdvice(error, references)} [${error.code}]`;
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map((each) => describeFailure(each, references)).join('\n');
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
  const said = describeFailure(error, references);
  const [reference, ...others] = meant;
  if (reference !== undefined && others.length === 0)
    return isNamed(reference, said) ? said : `${printable(reference, 1000)}: ${said}`;
  // Of two layouts, it is told at least which manifest of one of them it is.
  const digest = inside && looksLikeDigest(error.reference ?? '') ? error.reference : undefined;
  return digest === undefined || said.includes(digest) ? said : `${digest}: ${said}`;
}

/** Of a layout or an archive, it is enough that the folder or file is named. */
function isNamed(reference: string, said: string): boolean {
  if (said.includes(printable(reference, 1000))) return true;
  if (!isLocalReference(reference)) return false;
  const { scheme, path } = parseLocalReference(reference);
  return said.includes(printable(formatLocalReference({ scheme, path }), 1000));
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

/** Who names a folder or a file means what is in it, which has to be said: it may be the name of a repository as well. */
function localAdvice(error: RegistryError, references: readonly string[]): string {
  const { code, reference = '' } = error;
  if (code === 'REFERENCE_INVALID')
    return isLocalReference(reference) ? adviceOnColons(reference) : adviceOnPath(reference);
  if (!isNotFound(error) && !isDenied(error)) return '';
  return references
    .filter((text) => !isLocalReference(text))
    .map(adviceWhereThere)
    .join('');
}
