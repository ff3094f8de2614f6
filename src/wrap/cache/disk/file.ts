import { open, unlink } from 'node:fs/promises';
import { isMissing } from '../../../disk/index.ts';
import { RegistryError } from '../../../registry/index.ts';

/** How exactly it is known when a file was used last, in milliseconds: a note at each read would be a write at each read. */
const USE_NOTED_EVERY = 60 * 60 * 1000;

/**
 * Reads a file, and notes that it was used.
 * @param limit in bytes
 * @returns undefined if there is none.
 * @throws {RegistryError} `BLOB_CORRUPT` when it has more bytes.
 */
export async function readUsed(path: string, limit: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const { size, mtimeMs } = await file.stat();
    if (size > limit)
      throw new RegistryError('BLOB_CORRUPT', `a file of the cache has ${size} bytes instead of ${limit}`);
    const bytes = await file.readFile();
    const now = Date.now();
    // Where that cannot be noted, on a disk that is only read, nothing will be removed either.
    if (now - mtimeMs > USE_NOTED_EVERY) await file.utimes(now / 1000, now / 1000).catch(() => {});
    return bytes;
  } finally {
    await file.close();
  }
}

/** Removes a file. @returns whether this did it. */
export async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
