import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockNow, systemCode } from '../../../disk/index.ts';
import { sameFile, stampOf } from './bytes.ts';
import { stale } from './stale.ts';

/** How often is asked for a lock that somebody else has, in milliseconds. */
const ASK_EVERY = 25;

/**
 * Does something while no other process of ours replaces the archive: each takes the lock of the file that it is to
 * replace, which is the kernel's and ends with the process. Where there is no file, or the disk or the system has no
 * locks, it is done without; `putInPlace` then still sees whoever was faster, but for the moment that it takes itself.
 */
export async function oneByOne<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const handle = await openToLock(file);
    if (handle === undefined) return work();
    try {
      if ((await lock(handle, file, signal)) === 'no locks') return await work();
      // Whoever had it has replaced the file, as a rule; then this is the lock of what was there.
      const now = await stampOf(file);
      if (now !== undefined && sameFile(now, await handle.stat({ bigint: true }))) return await work();
    } finally {
      // Closing gives the lock back.
      await handle.close();
    }
  }
}

/** Whoever may not write to a file may replace it all the same: the folder decides. */
async function openToLock(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r+');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

async function lock(
  handle: FileHandle,
  file: string,
  signal: AbortSignal | undefined,
): Promise<'locked' | 'no locks'> {
  try {
    while (!(await lockNow(handle, file))) await sleep(ASK_EVERY, undefined, { signal });
    return 'locked';
  } catch {
    signal?.throwIfAborted();
    return 'no locks';
  }
}

/**
 * Puts a written archive into its place.
 * @param isNew whether there was none: one that came meanwhile is not replaced
 * @throws {RegistryError} for which `isStale` is true, when one came meanwhile.
 */
export async function putInPlace(temporary: string, path: string, isNew: boolean): Promise<void> {
  if (!isNew) return rename(temporary, path);
  try {
    await link(temporary, path);
  } catch (error) {
    // A link that leads nowhere is there, and no archive. And there are disks without hard links.
    const isTaken = systemCode(error) === 'EEXIST' && (await stampOf(path)) !== undefined;
    if (isTaken) throw stale(path);
    return rename(temporary, path);
  }
  await rm(temporary, { force: true });
}
