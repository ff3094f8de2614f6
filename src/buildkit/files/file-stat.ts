import type { BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { isMissing } from '../../disk/index.ts';
import type { StatSchema } from '../proto/fsutil_pb.ts';
import { goMode, toGoMode } from './file-mode.ts';

/** What a builder is told of a file. */
export type FileStat = Omit<MessageInitShape<typeof StatSchema>, '$typeName' | '$unknown'> & {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly mode: number;
};

/** Which file of the machine it is, whatever it is called. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** A file as it was found. */
export interface FoundFile extends FileIdentity {
  readonly stat: FileStat;
  /** It is one of several names for the same file. */
  readonly linked: boolean;
  /** A socket: it is sent as an empty file, which nobody can read. */
  readonly socket: boolean;
}

/**
 * Looks at a file as BuildKit's own client does, so that builds by either hit the same caches. Owners are left away:
 * whose files they are here means nothing to an image. Extended attributes are left away too, because Node cannot read
 * them.
 * @param folder the real path of the folder
 * @param path in the folder, with slashes
 * @returns undefined if it is not there any more
 */
export async function statFile(folder: string, path: string): Promise<FoundFile | undefined> {
  const place = join(folder, path);
  try {
    const found = await lstat(place, { bigint: true });
    const linkname = found.isSymbolicLink() ? await readlink(place) : '';
    return describe(path, found, linkname);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function describe(path: string, found: BigIntStats, linkname: string): FoundFile {
  const mode = toGoMode(Number(found.mode), process.platform);
  const device = found.isBlockDevice() || found.isCharacterDevice();
  const socket = found.isSocket();
  return {
    stat: {
      path,
      mode: socket ? mode - goMode.socket : mode,
      uid: 0,
      gid: 0,
      size: found.isDirectory() ? 0n : found.size,
      modTime: found.mtimeNs,
      linkname: process.platform === 'win32' ? linkname.replaceAll('\\', '/') : linkname,
      ...(device && { devmajor: major(found.rdev), devminor: minor(found.rdev) }),
    },
    dev: found.dev,
    ino: found.ino,
    linked: found.nlink > 1n && !found.isDirectory() && !found.isSymbolicLink(),
    socket,
  };
}

// As Linux packs them into one number, which is also what BuildKit's own client takes them for.
function major(device: bigint): bigint {
  return (device >> 8n) & 0xfffn;
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & 0xf_ff00n);
}
