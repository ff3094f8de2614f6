import { LRUCache } from 'lru-cache';
import { isNotFound, isRegistryError, type Operation } from '../../registry/index.ts';
import type { Shared } from './shared.ts';

/** No more answers than these are remembered. */
const MOST = 1000;

type Read = Extract<Operation, { name: 'getBlob' | 'resolveBlob' | 'getManifest' | 'resolveManifest' }>;

/** Runs a read, unless it is known that there is nothing to read. */
export type Remembering = <T>(operation: Read, read: () => Promise<T>) => Promise<T>;

/**
 * Remembers what was not there, for a while.
 * @param lifetime in milliseconds; with 0 nothing is remembered
 */
export function rememberingAbsence(shared: Shared, lifetime: number): Remembering {
  if (lifetime <= 0) return (_, read) => read();
  const absent = new LRUCache<string, { readonly error: Error; readonly until: number }>({ max: MOST });
  return async (operation, read) => {
    const reference = 'digest' in operation ? operation.digest : operation.reference;
    const isBlob = operation.name === 'getBlob' || operation.name === 'resolveBlob';
    const { turn } = shared;
    // Whatever is written may be what was not there: after each write all is forgotten.
    const key = `${turn} ${isBlob ? 'blob' : 'manifest'} ${operation.repository} ${reference}`;
    const known = absent.get(key);
    if (known !== undefined && shared.now() < known.until) {
      shared.visit(operation.name, operation.repository, reference).tell('hit');
      throw known.error;
    }
    try {
      return await read();
    } catch (error) {
      if (isAbsence(error)) absent.set(key, { error, until: shared.now() + lifetime });
      throw error;
    }
  };
}

/** "Not for you" and "not now" must never become "not there" (401, 403, 429, 5xx). */
function isAbsence(error: unknown): error is Error {
  return isRegistryError(error) && isNotFound(error) && (error.status ?? 404) === 404;
}
