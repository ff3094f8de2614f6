import { isRegistryError } from '../registry/index.ts';

/** An error as people read it: one line, with the cause where it adds something. */
export function describeFailure(error: unknown): string {
  if (isRegistryError(error)) return `${error.message} [${error.code}]`;
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(describeFailure).join('\n');
  if (error instanceof Error) return error.message;
  return String(error);
}
