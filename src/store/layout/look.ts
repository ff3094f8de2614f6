import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { about, isAbsent } from './failure.ts';

/** A file that fits into memory, and what the disk said of it when it was read. */
export interface SmallFile {
  readonly stamp: BigIntStats;
  readonly bytes: Buffer;
}

/** What stands at a path, a link itself; undefined for nothing. */
export async function stampOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The names in a folder; undefined where there is none. */
export async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * Reads a regular file.
 * @param limit its size at the most, in bytes
 * @returns undefined where there is none; what is wrong with it, in words, where it is no regular file, or too large.
 */
export async function readRegular(path: string, limit: number): Promise<SmallFile | string | undefined> {
  const found = await stampOf(path);
  if (found === undefined) return undefined;
  if (!found.isFile()) return 'it is not a regular file';
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const stamp = await about(path, handle.stat({ bigint: true }));
    if (stamp.size > limit) return `it has ${stamp.size} bytes, more than ${limit}`;
    return { stamp, bytes: await readUpTo(handle, path, Number(stamp.size)) };
  } finally {
    await handle.close();
  }
}

/** It may be growing: no more is read than was announced, and one byte, which shows that it did. */
async function readUpTo(handle: FileHandle, path: string, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await about(path, handle.read(buffer, length, buffer.length - length, length));
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
