import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';

/** How much is read at once, in bytes. */
const CHUNK = 256 * 1024;

/**
 * Reads a file of a folder: as much as it has when it is opened, so that one that grows comes to an end. What the path
 * leads to now has to be in the folder still: where a link was put in place of a file or of a folder on the way, nothing
 * is read.
 * @param folder its real path
 * @param path in the folder, with slashes
 * @throws {RegistryError} `UNAVAILABLE`, if it has gone, or is no file any more; what the file system throws.
 */
export async function* readFileIn(folder: string, path: string): AsyncGenerator<Uint8Array> {
  const place = join(folder, path);
  const file = await openFile(place).catch((error: NodeJS.ErrnoException) => {
    throw isMissing(error) || error.code === 'ELOOP' ? changed(path, error) : error;
  });
  try {
    const { size } = await checked(file, place, path);
    for (let offset = 0; offset < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - offset));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
      // It has become shorter.
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      offset += bytesRead;
    }
  } finally {
    await file.close();
  }
}

// Windows has no such flags: they are undefined there, which in bit operations is none.
async function openFile(place: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  return open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

async function checked(file: FileHandle, place: string, path: string): Promise<{ readonly size: number }> {
  const opened = await file.stat();
  const real = await realpath(place).catch(() => undefined);
  if (!opened.isFile() || real !== place) throw changed(path);
  return opened;
}

function changed(path: string, cause?: unknown): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    `${printable(path, 200)} was there when the folder was listed, and is gone or another kind of file now; build again, or exclude it in .dockerignore`,
    { cause },
  );
}
