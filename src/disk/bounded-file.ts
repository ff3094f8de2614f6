import { createReadStream } from 'node:fs';
import { isMissing } from './missing.ts';

/**
 * Reads a whole file that somebody else wrote, if it is not too long.
 * @param limit in bytes
 * @throws what the file system says, but for that there is no such file.
 */
export async function readBoundedFile(
  path: string,
  limit: number,
): Promise<Uint8Array | 'missing' | 'too long'> {
  const chunks: Buffer[] = [];
  try {
    // A stream, because the file may be a pipe (`REGISTRY_AUTH_FILE=<(…)`), whose size nobody knows.
    for await (const chunk of createReadStream(path, { end: limit })) chunks.push(chunk as Buffer);
  } catch (error) {
    if (isMissing(error)) return 'missing';
    throw error;
  }
  const bytes = Buffer.concat(chunks);
  return bytes.length > limit ? 'too long' : bytes;
}
