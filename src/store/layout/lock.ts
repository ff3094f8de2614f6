import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { RegistryError } from '../../registry/index.ts';
import { isAbsent } from './failure.ts';

/**
 * Locks between processes are the kernel's (`fcntl` with OFD on Linux, `flock` on macOS, `LockFileEx` on Windows).
 * They end with the process that holds them, however it ends, also seen from another container: there is nothing
 * stale to detect and break, which is where lock files that hold a pid go wrong.
 * Node has no such call, hence the package; it is loaded by the first who writes.
 */
async function native(): Promise<typeof import('fs-native-extensions')> {
  try {
    const loaded = await import('fs-native-extensions');
    return loaded.default ?? loaded;
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    throw new RegistryError('UNSUPPORTED', `layouts cannot be written on ${platform}: no file locks for it`, {
      cause,
    });
  }
}

/**
 * Does something while holding a file's lock; waits for it as long as it takes.
 * The file is made when it is not there, and stays: were it removed, one could hold the lock of the file that
 * was, and another that of the file that is.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const { waitForLock } = await native();
  for (;;) {
    const handle = await open(path, 'a+');
    try {
      await lockable(path, () => waitForLock(handle.fd));
      // Somebody may have cleaned up by hand while we waited; then this is the lock of a file that was.
      if (await isStillAt(handle, path)) return await work();
    } finally {
      // Closing gives the lock back.
      await handle.close();
    }
  }
}

/** Takes the lock of an open file, if nobody has it; closing the file gives it back. */
export async function lockNow(handle: FileHandle, path: string): Promise<boolean> {
  const { tryLock } = await native();
  return lockable(path, async () => tryLock(handle.fd));
}

/** The disk may have no locks: some network file systems. */
async function lockable<T>(path: string, lock: () => Promise<T>): Promise<T> {
  try {
    return await lock();
  } catch (cause) {
    const name = `${basename(dirname(path))}/${basename(path)}`;
    throw new RegistryError('UNKNOWN', `cannot lock ${name}: ${(cause as Error).message}`, {
      status: 500,
      cause,
    });
  }
}

/** Whether a file that was opened is what its path leads to. */
export async function isStillAt(handle: FileHandle, path: string): Promise<boolean> {
  try {
    const [opened, found] = await Promise.all([handle.stat({ bigint: true }), stat(path, { bigint: true })]);
    return opened.ino === found.ino && opened.dev === found.dev;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
