import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { isAbsent } from './failure.ts';

/** When something was last touched, in milliseconds since 1970. */
export type Times = Pick<Stats, 'mtimeMs' | 'ctimeMs'>;

/**
 * Whether something was touched within a time, in milliseconds. A link to a file of last year moves one of its two times,
 * and nobody can set that one back; on file systems that do not have it, the other one has to do.
 */
export function isNewer({ mtimeMs, ctimeMs }: Times, time: number): boolean {
  return Math.max(0, Date.now() - Math.max(mtimeMs, ctimeMs)) < time;
}

/** What stands at a path, a link itself; undefined for nothing. */
export async function lstatOrNone(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
