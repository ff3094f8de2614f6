import { open, stat, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import { isMissing } from './missing.ts';

/**
 * Locks between processes are the kernel's (`fcntl` with OFD on Linux, `flock` on macOS, `LockFileEx` on Windows).
 * They end with the process that holds them, however it ends, also seen from another container: there is nothing
 * stale to detect and break, which is where lock files that hold a pid go wrong.
 * Node has no such call, hence the package; it is loaded by the first who locks.
 */
async function native(): Promise<typeof import('fs-native-extensions')> {
  try {
    const loaded = await import('fs-native-extensions');
    return loaded.default ?? loaded;
  } catch (cause) {
    const why = `no file locks for ${process.platform}-${process.arch}`;
    throw Object.assign(new Error(why, { cause }), { code: 'ENOSYS' });
  }
}

/**
 * Does something while holding a file's lock; waits for it as long as it takes.
 * The file is made when it is not there, and stays: were it removed, one could hold the lock of the file that
 * was, and another that of the file that is.
 * @throws what the file system says, with `lock` as the call: `ENOSYS` where there are no locks for this platform, `ENOLCK`
 *   and others where the disk has none, as some network file systems; and what the work throws.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const handle = await open(path, 'a+');
    try {
      await told(path, async () => (await native()).waitForLock(handle.fd));
      // Somebody may have cleaned up by hand while we waited; then this is the lock of a file that was.
      if (await isStillAt(handle, path)) return await work();
    } finally {
      // Closing gives the lock back.
      await handle.close();
    }
  }
}

/**
 * Takes the lock of a file that is open for writing, if nobody has it; closing the file gives it back. Who has opened the
 * file twice, also in one process, is two.
 * @returns whether it is ours
 * @throws as `withLock`
 */
export async function lockNow(handle: FileHandle, path: string): Promise<boolean> {
  return told(path, async () => (await native()).tryLock(handle.fd));
}

/** Says that a failure was about a lock, and of which file, as Node says it of its own calls. */
async function told<T>(path: string, lock: () => Promise<T>): Promise<T> {
  try {
    return await lock();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const errno = -((constants.errno as Readonly<Record<string, number>>)[code] ?? 0);
    throw Object.assign(error as Error, { errno, syscall: 'lock', path });
  }
}

/** Whether a file that was opened is what its path leads to. */
export async function isStillAt(handle: FileHandle, path: string): Promise<boolean> {
  try {
    const [opened, found] = await Promise.all([handle.stat({ bigint: true }), stat(path, { bigint: true })]);
    return opened.ino === found.ino && opened.dev === found.dev;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
