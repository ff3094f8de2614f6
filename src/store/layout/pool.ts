import { constants } from 'node:fs';
import { copyFile, link, lstat, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, encodedOf, type Digest } from '../../oci/index.ts';
import { holds } from './blob-file.ts';
import { removeQuietly, type Disk } from './durable.ts';
import { isAbsent, systemCode } from './failure.ts';
import { stampOf } from './look.ts';
import { randomName } from './temporary.ts';

/**
 * All blobs of all repositories of one root, each once. The repositories have hard links to them: what a
 * repository may read is decided by its own folder alone, and the disk counts who still has a blob.
 */
export interface Pool {
  /** Whether there is such a blob. */
  has(digest: Digest): Promise<boolean>;
  /** Makes a link to a blob of the pool; false when there is none. Its bytes were not looked at. */
  take(digest: Digest, path: string): Promise<boolean>;
  /**
   * Brings a file that was verified into the pool; or, where the pool has the blob already, and it is whole,
   * puts that in the place of the file.
   */
  share(path: string, digest: Digest, size: number): Promise<void>;
  /** Makes a file part of the pool, if the blob is not in it. */
  offer(path: string, digest: Digest): Promise<void>;
  /** Removes a blob that no repository has any more. */
  release(digest: Digest): Promise<void>;
}

/** @param folder where the pool lies, on the same disk as the repositories */
export function createPool(folder: string, disk: Disk): Pool {
  const pathOf = (digest: Digest): string => join(folder, algorithmOf(digest), encodedOf(digest));
  const offer = async (path: string, digest: Digest): Promise<'linked' | 'exists' | 'impossible'> => {
    const pooled = pathOf(digest);
    await disk.makeFolder(dirname(pooled));
    return tryLink(path, pooled);
  };
  return {
    has: async (digest) => (await stampOf(pathOf(digest)))?.isFile() ?? false,
    async take(digest, path) {
      const pooled = pathOf(digest);
      try {
        if (!(await lstat(pooled)).isFile()) return false;
        return (await tryLink(pooled, path)) === 'linked' || (await copy(pooled, path));
      } catch (error) {
        if (isAbsent(error)) return false;
        throw error;
      }
    },
    async share(path, digest, size) {
      if ((await offer(path, digest)) !== 'exists') return;
      const pooled = pathOf(digest);
      if (await sameFile(path, pooled)) return;
      const spare = join(dirname(path), randomName());
      try {
        if (await holds(pooled, digest, size)) {
          if ((await tryLink(pooled, spare)) === 'linked') await rename(spare, path);
        } else if ((await tryLink(path, spare)) === 'linked') {
          // The pool's copy went bad: from now on it is this one.
          await rename(spare, pooled);
        }
      } catch (error) {
        // Somebody released the blob in between. The file is whole, so nothing is lost but the sharing.
        if (!isAbsent(error)) throw error;
      } finally {
        await removeQuietly(spare);
      }
    },
    async offer(path, digest) {
      await offer(path, digest);
    },
    async release(digest) {
      const pooled = pathOf(digest);
      try {
        // Should somebody link it between these two lines, they have their link, and the pool does without.
        if ((await lstat(pooled)).nlink === 1) await removeQuietly(pooled);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    },
  };
}

/** What the system answers where there can be no (further) hard link. */
const IMPOSSIBLE: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EACCES',
]);

/** Makes a hard link, where that can be done. */
export async function tryLink(from: string, to: string): Promise<'linked' | 'exists' | 'impossible'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') return 'exists';
    if (IMPOSSIBLE.has(code)) return 'impossible';
    throw error;
  }
}

/** Copies a file, without writing it where the disk can do that (btrfs, XFS, APFS). */
export async function copy(from: string, to: string): Promise<true> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return true;
}

async function sameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => lstat(path, { bigint: true })));
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
