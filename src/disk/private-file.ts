import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { renameInto } from './replace-file.ts';

/**
 * Writes a file that only its owner may read (0600, in folders of 0700), as a whole or not at all: readers, and whoever
 * looks after a crash, see what was there before or what is there now. A link in its place is replaced, not followed.
 * @param options `durable`: that it survives a crash of the machine too, which costs two fsyncs; `ownerOf`: a file whose
 *   owner is to have this one, too, if that is another user's (`sudo`) and the system lets us
 */
export async function writePrivate(
  path: string,
  bytes: Uint8Array | string,
  { durable = false, ownerOf }: { readonly durable?: boolean; readonly ownerOf?: string } = {},
): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  await renameInto(path, bytes, {
    mode: 0o600,
    durable,
    prepare: async (file) => {
      if (ownerOf !== undefined) await giveTo(file, ownerOf);
    },
  });
}

async function giveTo(file: FileHandle, other: string): Promise<void> {
  const owner = await stat(other).catch(() => undefined);
  if (owner !== undefined) await file.chown(owner.uid, owner.gid).catch(() => {});
}

/**
 * Reads a file that `writePrivate` wrote.
 * @param limit in bytes: what is longer is not ours
 * @returns undefined for what is not there, or is not a file that we, and nobody else, can have written.
 */
export async function readPrivate(path: string, limit: number): Promise<Uint8Array | undefined> {
  const file = await openPrivate(path, constants.O_RDONLY);
  try {
    return file !== undefined && (await file.stat()).size <= limit ? await file.readFile() : undefined;
  } finally {
    await file?.close();
  }
}

/**
 * Opens a file that only its owner may read.
 * @param access `O_RDONLY` or `O_RDWR`
 * @returns undefined for what is not there, or is not a file that we, and nobody else, can have written.
 */
export async function openPrivate(path: string, access: number): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    // Neither follows a link nor waits for whoever writes into a pipe. Windows has neither flag.
    file = await open(path, access | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch {
    return undefined;
  }
  const { uid, mode } = await file.stat();
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  const windows = process.platform === 'win32';
  const ours = windows || (uid === process.getuid?.() && (mode & 0o077) === 0);
  if (isFile && ours) return file;
  await file.close();
  return undefined;
}
