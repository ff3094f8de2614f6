import { readBoundedFile } from '../disk/index.ts';
import { RegistryError } from '../registry/index.ts';

/** Files that are longer, in bytes, are not lists of passwords. */
const LONGEST = 1024 * 1024;

/**
 * Reads a whole file of passwords, of up to 1 MiB.
 * @returns undefined if there is no such file
 * @throws {RegistryError} `CREDENTIALS_INVALID` for one that is longer, or cannot be read.
 */
export async function readCredentialFile(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readBoundedFile(path, LONGEST).catch((error: NodeJS.ErrnoException) => {
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: cannot be read (${error.code ?? 'unknown'})`, {
      cause: error,
    });
  });
  if (bytes === 'too long')
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: longer than ${LONGEST} bytes`);
  return bytes === 'missing' ? undefined : bytes;
}
