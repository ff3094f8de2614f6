import { randomUUID } from 'node:crypto';
import { chmod, link, lstat, lutimes, mkdir, open, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { permissionsOf } from '../files/file-mode.ts';
import type { Stat } from '../proto/fsutil_pb.ts';

/**
 * Writes what a builder lists below a folder. Paths have to have passed `entryOrder`; then nothing is written anywhere
 * else, also where there were links before, because every folder is made, or seen to be one, before anything in it is.
 */
export interface FolderWriter {
  /** Makes a folder, or takes the one that is there. */
  addFolder(entry: Stat): Promise<void>;
  /** Makes a link, wherever it leads: a root file system has many that lead to its own root. Nothing is written through it. */
  addSymlink(entry: Stat): Promise<void>;
  /** Makes one more name for a file that was written. */
  addLink(entry: Stat): Promise<void>;
  /** Writes a file beside its path, and puts it there when it is whole. @throws {RegistryError} `SIZE_INVALID`. */
  addFile(entry: Stat, contents: AsyncIterable<Uint8Array>): Promise<void>;
  /** Gives folders the permissions and times that they should have; before, they are such that they can be written to. */
  finish(): Promise<void>;
}

/** @param root the real path of a folder that is there */
export function folderWriter(root: string): FolderWriter {
  const folders: Stat[] = [];
  const placeOf = ({ path }: Pick<Stat, 'path'>): string => join(root, path);

  /** Makes something beside a path, and puts it there, in place of what is no folder, or an empty one. */
  const replace = async (entry: Stat, make: (temporary: string) => Promise<void>): Promise<void> => {
    const place = placeOf(entry);
    const temporary = join(dirname(place), `.${randomUUID()}.tmp`);
    try {
      await make(temporary);
      const there = await lstat(place).catch(absent);
      if (there?.isDirectory() === true) await removeEmpty(place, entry.path);
      await rename(temporary, place);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };

  return {
    async addFolder(entry) {
      const place = placeOf(entry);
      const there = await lstat(place).catch(absent);
      if (there !== undefined && !there.isDirectory()) await rm(place);
      if (there?.isDirectory() !== true) await mkdir(place, 0o700);
      folders.push(entry);
    },
    async addSymlink(entry) {
      await replace(entry, async (temporary) => {
        await symlink(entry.linkname, temporary);
        await lutimes(temporary, seconds(entry), seconds(entry));
      });
    },
    async addLink(entry) {
      await replace(entry, (temporary) => link(placeOf({ path: entry.linkname }), temporary));
    },
    async addFile(entry, contents) {
      await replace(entry, async (temporary) => {
        const file = await open(temporary, 'wx', 0o600);
        try {
          let size = 0n;
          for await (const chunk of contents) {
            size += BigInt(chunk.length);
            if (size > entry.size) break;
            await file.writeFile(chunk);
          }
          if (size !== entry.size) throw wrongSize(entry, size);
          await file.chmod(permissionsOf(entry.mode));
          await file.utimes(seconds(entry), seconds(entry));
        } finally {
          await file.close();
        }
      });
    },
    async finish() {
      // The innermost first: to write into a folder changes its time.
      for (const entry of folders.toReversed()) {
        await chmod(placeOf(entry), permissionsOf(entry.mode));
        await lutimes(placeOf(entry), seconds(entry), seconds(entry));
      }
    },
  };
}

async function removeEmpty(place: string, path: string): Promise<void> {
  try {
    await rmdir(place);
  } catch (error) {
    const message = `there is a folder where the file ${printable(path, 200)} should go, and something in it: move it away`;
    throw new RegistryError('SETTINGS_INVALID', message, { cause: error });
  }
}

function wrongSize({ path, size }: Stat, got: bigint): RegistryError {
  const much = got > size ? 'more' : `only ${got}`;
  return new RegistryError(
    'SIZE_INVALID',
    `the builder said that ${printable(path, 200)} has ${size} bytes, and sent ${much}`,
  );
}

/** When it was changed, in seconds since 1970. */
function seconds({ modTime }: Stat): number {
  return Number(modTime) / 1e9;
}

function absent(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
