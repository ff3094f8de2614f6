import { RegistryError } from '../../../registry/index.ts';

const STALE = 'the archive was replaced';

/** How often is begun anew when somebody replaces the archive all the time. */
export const ATTEMPTS = 3;

/** The error for what is no longer there as it was. */
export function stale(file: string): RegistryError {
  return new RegistryError('UNAVAILABLE', `${file} was replaced while it was read: ask again`, {
    detail: STALE,
  });
}

/** Whether an error says that what was read is no longer there as it was. */
export function isStale(error: unknown): boolean {
  return error instanceof RegistryError && error.detail === STALE;
}

/** Does something that begins anew when the archive is replaced in the middle of it. */
export async function againIfStale<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isStale(error) || attempt === ATTEMPTS) throw error;
    }
  }
}
