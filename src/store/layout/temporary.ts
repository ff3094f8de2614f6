import { randomBytes } from 'node:crypto';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CHUNK } from './blob-file.ts';
import { removeQuietly, type Disk } from './durable.ts';
import { about, isAbsent } from './failure.ts';
import { namesIn } from './look.ts';

/** A name that nobody else has: 128 random bits. */
export function randomName(): string {
  return randomBytes(16).toString('hex');
}

/** Writes a stream into a new file, and waits until it is on the disk. Nothing stays when that fails. */
export async function writeTemporary(
  path: string,
  stream: AsyncIterable<Uint8Array>,
  disk: Disk,
): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    try {
      await appendTo(handle, path, stream, 0);
      if (disk.durable) await about(path, handle.sync());
    } finally {
      await handle.close();
    }
  } catch (error) {
    await removeQuietly(path);
    throw error;
  }
}

/**
 * Writes a stream into an open file, in pieces of about 1 MiB: while one is written, the next one is gathered.
 * @param offset where in the file, in bytes
 * @returns how many bytes there were
 */
export async function appendTo(
  handle: FileHandle,
  path: string,
  stream: AsyncIterable<Uint8Array>,
  offset: number,
): Promise<number> {
  let at = offset;
  let gathered: Buffer<ArrayBuffer> = Buffer.alloc(0);
  let free: Buffer<ArrayBuffer> | undefined;
  let length = 0;
  let writing: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    await writing;
    const [piece, position] = [gathered.subarray(0, length), at];
    const previous = free;
    free = gathered;
    gathered = previous ?? Buffer.alloc(0);
    at += length;
    length = 0;
    writing = writeAll(handle, path, piece, position);
    // It is awaited by the next flush or at the end; until then its failure is nobody's.
    writing.catch(() => {});
  };
  try {
    for await (const chunk of stream) {
      for (let from = 0; from < chunk.length;) {
        const count = Math.min(chunk.length - from, CHUNK - length);
        gathered = roomFor(gathered, length, length + count);
        gathered.set(chunk.subarray(from, from + count), length);
        length += count;
        from += count;
        if (length === CHUNK) await flush();
      }
    }
    await flush();
  } finally {
    // Nobody may close the file, or cut it off, under a write that is still on its way.
    await writing?.catch(() => {});
  }
  await writing;
  return at - offset;
}

/** Small blobs are many: a buffer begins small, and grows to one of the full size. */
function roomFor(buffer: Buffer<ArrayBuffer>, used: number, needed: number): Buffer<ArrayBuffer> {
  if (needed <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(needed <= 64 * 1024 && used === 0 ? needed : CHUNK);
  larger.set(buffer.subarray(0, used));
  return larger;
}

async function writeAll(
  handle: FileHandle,
  path: string,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await about(
      path,
      handle.write(bytes, done, bytes.length - done, position + done),
    );
    done += bytesWritten;
  }
}

/**
 * Removes files that nobody has touched for a while: what was being written when its process ended.
 * @param age in milliseconds
 */
export async function removeOlder(folder: string, age: number): Promise<void> {
  for (const name of (await namesIn(folder)) ?? []) {
    const path = join(folder, name);
    try {
      // Not the time of the last write: a link to a blob of last year is not a year old. Changes that came
      // with the link move this one, and nobody can set it back.
      const { ctimeMs } = await lstat(path);
      if (Date.now() - ctimeMs > age) await removeQuietly(path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
}
