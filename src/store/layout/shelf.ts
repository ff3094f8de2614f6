import { lstat, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { blobPath, holds } from './blob-file.ts';
import { removeQuietly, type Disk } from './durable.ts';
import { isAbsent } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { copy, tryLink, type Pool } from './pool.ts';
import { renew } from './renew.ts';
import { randomName, writeTemporary } from './temporary.ts';

/** Puts blobs into one layout. */
export interface StagingRepository {
  /** A name for a file that is being made, on the same disk as the blobs. */
  temporary(): Promise<string>;
  /** Whether the blob is here, whole. If it is, it counts as new. */
  has(digest: Digest, size: number, signal?: AbortSignal): Promise<boolean>;
  /**
   * Brings bytes that were verified into a file of their own, or finds them in the pool.
   * @param stream verifies the bytes while they pass, and fails at its end if they are wrong
   */
  receive(
    digest: Digest,
    size: number,
    stream: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<string>;
  /**
   * Makes the file of a whole blob that blob here, shared through the pool. The file is gone then, in any case.
   * @param ready makes the layout, before anything is put into it
   */
  place(file: string, digest: Digest, size: number, ready: () => Promise<void>): Promise<void>;
  /** A file of another repository's blob, or of the pool's, for `adopt`. Undefined where there is none. */
  borrow(
    digest: Digest,
    from: string | undefined,
  ): Promise<{ readonly file: string; readonly size: number } | undefined>;
  /** Makes a borrowed file the blob here, as `place` does, without looking at its bytes. */
  adopt(file: string, digest: Digest, size: number, ready: () => Promise<void>): Promise<void>;
}

/** @param layout the folder of the layout */
export function createShelf(layout: string, disk: Disk, pool: Pool | undefined): StagingRepository {
  const temporaries = join(layout, PRIVATE, 'tmp');
  const temporary = async (): Promise<string> => {
    await disk.makeFolder(temporaries);
    return join(temporaries, randomName());
  };
  const target = (digest: Digest): string => {
    const path = blobPath(layout, digest);
    if (path === undefined)
      throw new RegistryError('DIGEST_INVALID', `${digest} cannot be kept`, { status: 400 });
    return path;
  };
  // Renewed after it was looked at: a collection that takes it away before that is noticed, and none does after it.
  const has = async (digest: Digest, size: number, signal?: AbortSignal): Promise<boolean> =>
    (await holds(target(digest), digest, size, signal)) && renew(target(digest));

  const put = async (file: string, digest: Digest, size: number): Promise<void> => {
    const path = target(digest);
    await disk.makeFolder(dirname(path));
    const linked = await tryLink(file, path);
    // What is there and whole stays as it is; what is not, or is just being collected, is healed.
    const keep = linked === 'linked' || (await has(digest, size));
    if (!keep) await rename(file, path);
    await disk.syncFolder(dirname(path));
    await removeQuietly(file);
  };
  const discarding = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await removeQuietly(file);
      throw error;
    }
  };
  return {
    temporary,
    has,
    async receive(digest, size, stream, signal) {
      const file = await temporary();
      if (await pool?.take(digest, file)) {
        // Held by our own link while the source is looked at, so that nobody can take it away.
        const whole = await discarding(file, async () => {
          if (!(await holds(file, digest, size, signal))) return false;
          for await (const _ of stream);
          await disk.syncFile(file);
          return true;
        });
        if (whole) return file;
        await removeQuietly(file);
      }
      await writeTemporary(file, stream, disk);
      return file;
    },
    place: (file, digest, size, ready) =>
      discarding(file, async () => {
        await ready();
        await pool?.share(file, digest, size);
        await put(file, digest, size);
      }),
    async borrow(digest, from) {
      if (from === undefined && !(await pool?.has(digest))) return undefined;
      const file = await temporary();
      try {
        if (from === undefined) {
          if (!(await pool?.take(digest, file))) return undefined;
        } else if ((await tryLink(from, file)) !== 'linked') await copy(from, file);
        const lent = await lstat(file);
        if (lent.isFile()) return { file, size: lent.size };
        await removeQuietly(file);
        return undefined;
      } catch (error) {
        await removeQuietly(file);
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    adopt: (file, digest, size, ready) =>
      discarding(file, async () => {
        await ready();
        // Whoever wrote it may have been another tool, that did not.
        await disk.syncFile(file);
        await pool?.offer(file, digest);
        await put(file, digest, size);
      }),
  };
}
