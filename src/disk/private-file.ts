import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

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
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      if (ownerOf !== undefined) await giveTo(file, ownerOf);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (durable) await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Not by `recursive`: with that, Node 20 tries for ever where a parent says that it is there and is not, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  const make = async (): Promise<boolean> => {
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return false;
      // What is there and is no folder is told by whoever writes into it.
      if (code !== 'EEXIST') throw error;
    }
    return true;
  };
  if ((await make()) || dirname(path) === path) return;
  await makeFolder(dirname(path));
  await make();
}

async function giveTo(file: FileHandle, other: string): Promise<void> {
  const owner = await stat(other).catch(() => undefined);
  if (owner !== undefined) await file.chown(owner.uid, owner.gid).catch(() => {});
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Reads a file that `writePrivate` wrote.
 * @param limit in bytes: what is longer is not ours
 * @returns undefined if there is none, or it is longer.
 */
export async function readPrivate(path: string, limit: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    return size > limit ? undefined : await file.readFile();
  } finally {
    await file.close();
  }
}
