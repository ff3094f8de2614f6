import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, replaceFile } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';

/**
 * Takes bytes into a file, which is there as a whole or not at all: who looks sees the old one until the last byte of the
 * new one is on the disk. The folder is made if it is not there. A pipe, or a device such as `/dev/null`, is written to.
 * @throws {RegistryError} `SETTINGS_INVALID`, if there is a folder of that name.
 */
export function toFile(path: string): (bytes: AsyncIterable<Uint8Array>) => Promise<void> {
  return async (bytes) => {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory() === true)
      throw new RegistryError('SETTINGS_INVALID', `${printable(path, 300)} is a folder, not a file to write`);
    await makeFolder(dirname(path));
    await replaceFile(path, bytes);
  };
}
