import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { printable } from '../../../oci/index.ts';

/** What takes room on a disk, for who is told that there is none left. */
export interface Room {
  /** As in "WHAT takes 100 bytes". */
  readonly what: string;
  /** In bytes, where that is known. */
  readonly size?: number;
  /** Whether it may become less than that. */
  readonly isAtMost?: boolean;
  /** Where it is taken; beside the archive, unless told. */
  readonly folder?: string;
}

/**
 * What an error says of a disk that is full: what wanted how much room, and how much there is; nothing of other errors.
 * @param code the system's
 * @param file the archive
 */
export async function roomWanted(room: Room | undefined, code: string, file: string): Promise<string> {
  if (room === undefined || (code !== 'ENOSPC' && code !== 'EDQUOT')) return '';
  const { what, size, isAtMost = false, folder = dirname(file) } = room;
  const takes = size === undefined ? 'takes room' : `takes ${isAtMost ? 'up to ' : ''}${size} bytes`;
  // Of a quota the system does not say how much is left.
  const free = code === 'ENOSPC' ? await freeIn(folder) : undefined;
  const where = free === undefined ? '' : `, and ${free} are free`;
  return `; ${what} ${takes} in ${printable(folder, 260)}${where}`;
}

/** In bytes; undefined where the system does not tell. */
async function freeIn(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
