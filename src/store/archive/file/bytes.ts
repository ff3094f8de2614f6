import { constants, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { isMissing } from '../../../disk/index.ts';
import type { RandomAccess } from '../../../tar/index.ts';

/** How much is read at a time, in bytes. */
const CHUNK = 1024 * 1024;

/** Where the bytes of a tar are: the file itself, or what it is decompressed to. */
export interface ArchiveBytes {
  /** Opens it for a while; undefined when it is no longer what it was. */
  open(): Promise<OpenBytes | undefined>;
  /** Says that it is not needed any more, but by those who have it open. */
  retire(): Promise<void>;
}

/** Bytes of a tar that stay the same as long as they are open. */
export interface OpenBytes extends RandomAccess {
  close(): Promise<void>;
}

/** What stands at a path, or what a link there leads to; undefined for nothing. */
export async function stampOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether two looks at a file saw the same. */
export function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/** The bytes of a file as it was at one look; it is opened for each reader anew. */
export function fileBytes(path: string, stamp: BigIntStats): ArchiveBytes {
  return {
    async open() {
      const handle = await openRegular(path);
      if (handle === undefined) return undefined;
      try {
        if (sameFile(await handle.stat({ bigint: true }), stamp))
          return { ...bytesOf(handle, Number(stamp.size)), close: () => handle.close() };
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
      return undefined;
    },
    async retire() {},
  };
}

/** The bytes of an open file that has no name any more; it is closed when the last reader is done. */
export function temporaryBytes(size: number, handle: FileHandle, remove: () => Promise<void>): ArchiveBytes {
  let users = 0;
  let isRetired = false;
  const leave = async (): Promise<void> => {
    if (!isRetired || users > 0) return;
    await handle.close();
    await remove();
  };
  return {
    async open() {
      if (isRetired) return undefined;
      users++;
      return {
        ...bytesOf(handle, size),
        async close() {
          users--;
          await leave();
        },
      };
    },
    async retire() {
      if (isRetired) return;
      isRetired = true;
      await leave();
    },
  };
}

/** Opens a file for reading; undefined where there is none. A pipe does not make us wait for whoever writes to it. */
export async function openRegular(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The bytes of an open file. */
export function bytesOf(handle: FileHandle, size: number): RandomAccess {
  return {
    size,
    async read(at, length) {
      // A new one for each piece: whoever reads it may keep it.
      const piece = Buffer.allocUnsafeSlow(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await handle.read(piece, got, length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return piece.subarray(0, got);
    },
  };
}

/** A part of open bytes, in pieces. */
export async function* piecesOf(
  bytes: RandomAccess,
  start: number,
  end: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    signal?.throwIfAborted();
    const piece = await bytes.read(at, Math.min(CHUNK, end - at));
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}
