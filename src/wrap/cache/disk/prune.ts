import { remove } from './file.ts';
import { DISK_CACHE_SIZE } from './folder.ts';
import { walk, type CacheFile } from './walk.ts';

export interface PruneOptions {
  /** How much may stay, in bytes: 1 GiB unless told. What was used least recently goes first. */
  readonly maxSize?: number;
  /** What was not used for so long goes in any case, in milliseconds. */
  readonly olderThan?: number;
  /** In milliseconds since 1970. */
  readonly now?: number;
}

/** What was removed, and what stayed. Sizes are those on the disk, in bytes. */
export interface Pruned {
  readonly removed: number;
  readonly freed: number;
  readonly kept: number;
  readonly size: number;
}

const HOUR = 60 * 60 * 1000;

/**
 * Makes room in a cache on the disk, and sweeps out what killed processes left. Others may read and write it meanwhile:
 * to them it is as if what goes had never been there.
 */
export async function pruneCache(folder: string, options: PruneOptions = {}): Promise<Pruned> {
  const { maxSize = DISK_CACHE_SIZE, olderThan = Infinity, now = Date.now() } = options;
  const files: CacheFile[] = [];
  const going: CacheFile[] = [];
  for await (const file of walk(folder)) {
    const age = now - file.used;
    // No write takes an hour. An epoch matters for as long as a read that began before it may last.
    const stale = file.temporary ? age > HOUR : file.part === 'epochs' ? age > 24 * HOUR : age > olderThan;
    if (stale) going.push(file);
    else if (!file.temporary && file.part !== 'epochs') files.push(file);
  }
  files.sort((a, b) => a.used - b.used);
  let size = files.reduce((sum, file) => sum + file.occupied, 0);
  let over = 0;
  for (const file of files) {
    if (size <= maxSize) break;
    size -= file.occupied;
    over++;
  }
  going.push(...files.slice(0, over));
  let [removed, freed] = [0, 0];
  for (const { path, occupied } of going) {
    if (!(await remove(path))) continue;
    removed++;
    freed += occupied;
  }
  return { removed, freed, kept: files.length - over, size };
}
