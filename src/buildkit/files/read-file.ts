import { closeSync, constants, fstatSync, open, read } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMissing } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { FileIdentity } from './file-stat.ts';

/** How much is read at once, in bytes. */
const CHUNK = 256 * 1024;

// Not the handles of node:fs/promises: of a folder of many small files, those take most of the time.
const openFile = promisify(open);
const readInto = promisify(read);

/** A file as it was listed. */
export interface ListedFile extends FileIdentity {
  /** In the folder, with slashes. */
  readonly path: string;
}

/**
 * Reads a file of a folder: as much as it has when it is opened, so that one that grows comes to an end. It is the file
 * that was listed, or has taken its place in the folder: where a link was put there, or in place of a folder on the way,
 * nothing is read.
 * @param folder its real path
 * @throws {RegistryError} `UNAVAILABLE`, if it has gone, or is no file any more; what the file system throws.
 */
export async function* readFileIn(folder: string, listed: ListedFile): AsyncGenerator<Uint8Array> {
  const { path } = listed;
  const place = join(folder, path);
  // Windows has no such flags: they are undefined there, which in bit operations is none.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await openFile(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw isMissing(error) || error.code === 'ELOOP' ? changed(path, error) : error;
    },
  );
  try {
    const size = await sizeOf(file, place, listed);
    for (let offset = 0; offset < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - offset));
      const { bytesRead } = await readInto(file, chunk, 0, chunk.length, offset);
      // It has become shorter.
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      offset += bytesRead;
    }
  } finally {
    // Of what was only read, there is nothing to wait for.
    closeSync(file);
  }
}

async function sizeOf(file: number, place: string, { path, dev, ino }: ListedFile): Promise<number> {
  // What is open is known without a look at the disk.
  const opened = fstatSync(file, { bigint: true });
  if (!opened.isFile()) throw changed(path);
  const isListed = opened.dev === dev && opened.ino === ino;
  if (!isListed && (await realpath(place).catch(() => undefined)) !== place) throw changed(path);
  return Number(opened.size);
}

function changed(path: string, cause?: unknown): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    `${printable(path, 200)} was there when the folder was listed, and is gone or another kind of file now; build again, or exclude it in .dockerignore`,
    { cause },
  );
}
