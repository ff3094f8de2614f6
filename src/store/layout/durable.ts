import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { makeFolder } from '../../disk/index.ts';
import { about, systemCode } from './failure.ts';

/** What brings things onto the disk so that they stay there; or not quite, when `durable` is off. */
export interface Disk {
  readonly durable: boolean;
  /** Makes a folder and those above it, up to the root. Their names are on the disk when it returns. */
  makeFolder(path: string): Promise<void>;
  /** Waits until a file's content is on the disk. */
  syncFile(path: string): Promise<void>;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** Puts a file in the place of another: a reader, or a crash, meets the old or the new, whole. */
  replaceFile(path: string, bytes: Uint8Array, temporary: string): Promise<void>;
}

/** @param root the folder up to which, and including which, folders are made */
export function createDisk(root: string, durable: boolean): Disk {
  const settled = new Set<string>();

  const sync = async (path: string, flags: number): Promise<void> => {
    if (!durable) return;
    const handle = await open(path, flags);
    try {
      await about(path, handle.sync());
    } finally {
      await handle.close();
    }
  };
  const syncFolder = async (path: string): Promise<void> => {
    // Windows cannot open folders, and writes their names through.
    if (process.platform !== 'win32') await sync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  };
  /** Folders above ours may be closed to us; then it is not us who has to see to them. */
  const syncIfAllowed = async (path: string): Promise<void> => {
    try {
      await syncFolder(path);
    } catch (error) {
      if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    }
  };
  return {
    durable,
    syncFolder,
    syncFile: (path) => sync(path, process.platform === 'win32' ? constants.O_RDWR : constants.O_RDONLY),
    async makeFolder(path) {
      const made = await makeFolder(path);
      // Once also for folders that were there: whoever made them may not have got as far as the sync.
      if (!durable || (made === undefined && settled.has(path))) return;
      for (const folder of parents(path, root, made)) {
        await (folder === root || isBelow(folder, root) ? syncFolder(folder) : syncIfAllowed(folder));
      }
      settled.add(path);
    },
    async replaceFile(path, bytes, temporary) {
      try {
        await writeWhole(temporary, bytes, durable);
        await rename(temporary, path);
      } catch (error) {
        await removeQuietly(temporary);
        throw error;
      }
      await syncFolder(dirname(path));
    },
  };
}

/** The folders whose list of names has to be on the disk for `path` to be found again, from below. */
function parents(path: string, root: string, made: string | undefined): readonly string[] {
  const top = made === undefined || isBelow(made, root) ? dirname(root) : dirname(resolve(made));
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === top || folder === dirname(folder)) return folders;
  }
}

function isBelow(path: string, root: string): boolean {
  return resolve(path).startsWith(root + sep) || relative(root, path) === '';
}

async function writeWhole(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    // All at once: `writeFile` does it in pieces of half a megabyte, each of which waits for its turn.
    for (let at = 0; at < bytes.length;) at += (await about(path, handle.write(bytes, at))).bytesWritten;
    if (durable) await about(path, handle.sync());
  } finally {
    await handle.close();
  }
}

/** Removes a file of which nobody minds if it stays, as nothing refers to it. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
