import { collect } from '../content.ts';
import { isRegistryError, type RegistryError } from '../error.ts';

/** Fails unless both are the same as JSON, or as bytes. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [show(actual), show(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b.slice(0, 400)}, got ${a.slice(0, 400)}`);
}

/** Fails unless the promise is rejected with a `RegistryError` that passes. */
export async function refused(
  promise: Promise<unknown>,
  passes: (error: RegistryError) => boolean,
  what: string,
): Promise<void> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (isRegistryError(error) && passes(error)) return;
    throw new Error(
      `${what}: refused with the wrong error: ${isRegistryError(error) ? error.code : ''} ${String(error)}`,
      { cause: error },
    );
  }
  throw new Error(`${what}: expected an error, got ${show(value).slice(0, 200)}`);
}

/** Passes errors of these codes. */
export function code(...codes: readonly string[]): (error: RegistryError) => boolean {
  return (error) => codes.includes(error.code);
}

/** All that a list gives. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** The bytes of a content, read as a stream. */
export async function read(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return collect(content);
}

function show(value: unknown): string {
  if (value instanceof Uint8Array)
    return `${value.length} bytes ${Array.from(value.subarray(0, 64)).join(' ')}`;
  return (
    JSON.stringify(value, (_, field: unknown) =>
      typeof field === 'object' && field !== null && !Array.isArray(field) ? sortKeys(field) : field,
    ) ?? 'undefined'
  );
}

function sortKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
