import { readBoundedFile } from '../disk/index.ts';
import { RegistryError } from '../registry/index.ts';

/** Files that are longer, in bytes, are no settings, and no certificates. */
const LONGEST = 4 * 1024 * 1024;

/**
 * Reads a file.
 * @param where who says that it is there, for messages
 * @throws {RegistryError} `SETTINGS_INVALID`.
 */
export async function readBytes(path: string, where: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, where);
  if (bytes !== undefined) return bytes;
  throw new RegistryError('SETTINGS_INVALID', `${where}: there is no file ${path}`);
}

/** As `readBytes`. @returns undefined if there is no such file. */
export async function readIfThere(path: string, where: string): Promise<Uint8Array | undefined> {
  const bytes = await readBoundedFile(path, LONGEST).catch((error: NodeJS.ErrnoException) => {
    throw new RegistryError(
      'SETTINGS_INVALID',
      `${where}: ${path} cannot be read (${error.code ?? 'unknown'})`,
      { cause: error },
    );
  });
  if (bytes === 'too long')
    throw new RegistryError('SETTINGS_INVALID', `${where}: ${path} is longer than ${LONGEST} bytes`);
  return bytes === 'missing' ? undefined : bytes;
}
