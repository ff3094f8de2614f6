import { createReadStream } from 'node:fs';
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
  const chunks: Buffer[] = [];
  try {
    // A stream, because the file may be a pipe (`--registry-config <(…)`), whose size nobody knows.
    for await (const chunk of createReadStream(path, { end: LONGEST })) chunks.push(chunk as Buffer);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new RegistryError('SETTINGS_INVALID', `${where}: ${path} cannot be read (${code})`, {
      cause: error,
    });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length <= LONGEST) return bytes;
  throw new RegistryError('SETTINGS_INVALID', `${where}: ${path} is longer than ${LONGEST} bytes`);
}
