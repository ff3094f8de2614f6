import { lutimes } from 'node:fs/promises';
import { isAbsent, systemCode } from './failure.ts';

/** Not ours to touch, or nobody's: the check within the lock, when a manifest is entered, has to do alone. */
const UNTOUCHABLE: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EROFS', 'ENOSYS', 'ENOTSUP']);

/**
 * Has a blob count as new, since somebody is about to refer to it: the grace of a collection of garbage counts from here.
 * @returns whether the blob is there
 */
export async function renew(path: string): Promise<boolean> {
  const now = new Date();
  try {
    await lutimes(path, now, now);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    if (UNTOUCHABLE.has(systemCode(error) ?? '')) return true;
    throw error;
  }
}
