import { isLayoutReference } from '../place/index.ts';
import { isRegistryError } from '../registry/index.ts';
import { say, type Context } from './context.ts';
import { exitCodeOf } from './exit-code.ts';

/** An error as people read it: one line, with the cause where it adds something. */
export function describeFailure(error: unknown): string {
  if (isRegistryError(error)) return `${error.message} [${error.code}]`;
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(describeFailure).join('\n');
  if (error instanceof Error) return error.message;
  return String(error);
}

/**
 * The same, for a command about some references. What is wrong in a layout folder is told by names inside of it, so
 * the reference goes before it, where only one is a layout.
 */
export function describeFailureAt(error: unknown, ...references: readonly string[]): string {
  const [layout, ...others] = references.filter(isLayoutReference);
  const inside = isRegistryError(error) && error.url === undefined && !error.message.startsWith('invalid');
  const said = describeFailure(error);
  return inside && layout !== undefined && others.length === 0 ? `${layout}: ${said}` : said;
}

/** Tells what went wrong, and leaves the exit code that goes with it. */
export function fail(context: Context, error: unknown): undefined {
  say(context, `stowage: ${describeFailure(error)}`);
  context.process.exitCode = exitCodeOf(error);
}
