import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What was removed. */
export interface Removed {
  /** How many files. */
  readonly removed: number;
  /** In bytes. */
  readonly freed: number;
}

/** What `fileNameFor` gives, with whatever ending: in a folder that is used for other things too, those are not ours. */
const OURS = /^[0-9a-f]{64}\./;

/**
 * Removes the files in a folder, and in the folders in it, that `fileNameFor` has named, and that were written last before
 * a time. What links lead to is not touched, and what cannot be removed stays.
 * @param before in milliseconds since 1970
 */
export async function removeOlder(folder: string, before: number): Promise<Removed> {
  let [removed, freed] = [0, 0];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((each) => each.isFile() && OURS.test(each.name))) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, size } = await lstat(path).catch(() => ({ mtimeMs: Infinity, size: 0 }));
    if (mtimeMs >= before) continue;
    const gone = await rm(path).then(
      () => true,
      () => false,
    );
    if (!gone) continue;
    removed++;
    freed += size;
  }
  return { removed, freed };
}
