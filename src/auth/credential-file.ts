import { createReadStream } from 'node:fs';
import { RegistryError } from '../registry/index.ts';

/** Files that are longer, in bytes, are not lists of passwords. */
const LONGEST = 1024 * 1024;

/**
 * Reads a whole file of passwords, of up to 1 MiB.
 * @returns undefined if there is no such file
 * @throws {RegistryError} `CREDENTIALS_INVALID` for one that is longer, or cannot be read.
 */
export async function readCredentialFile(path: string): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  try {
    // A stream, because the file may be a pipe (`REGISTRY_AUTH_FILE=<(…)`), whose size nobody knows.
    for await (const chunk of createReadStream(path, { end: LONGEST })) chunks.push(chunk as Buffer);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: cannot be read (${code})`, { cause: error });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > LONGEST)
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: longer than ${LONGEST} bytes`);
  return bytes;
}
