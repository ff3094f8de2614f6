import { open, stat } from 'node:fs/promises';
import { isMissing } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { Secret } from './secret.ts';

/** How large a secret may be, in bytes: builders take no more. */
const LARGEST_SECRET = 500 * 1024;

/**
 * Looks whether files are there and small enough, before a build begins that would fail late.
 * @throws {RegistryError} `SETTINGS_INVALID`
 */
export async function checkSecrets(secrets: readonly Secret[]): Promise<void> {
  for (const { id, source } of secrets) {
    if (!('file' in source)) continue;
    const { file } = source;
    const found = await stat(file).catch((error: unknown) => {
      throw unreadable(id, file, error);
    });
    if (found.isDirectory()) throw refused(id, `${printable(file, 300)} is a folder`);
    if (found.size > LARGEST_SECRET) throw tooLarge(id);
  }
}

/**
 * What is in a secret.
 * @throws {RegistryError} `SETTINGS_INVALID`
 */
export async function readSecret(
  { id, source }: Secret,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  // A variable that is not set is empty, as it is to a shell.
  if ('variable' in source) return bounded(id, Buffer.from(environment[source.variable] ?? '', 'utf8'));
  if ('bytes' in source) return bounded(id, source.bytes);
  return bounded(id, await readBounded(id, source.file));
}

/** Reads a file, or a pipe, which has no size to look at. */
async function readBounded(id: string, path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(id, path, error);
  });
  try {
    const bytes = Buffer.alloc(LARGEST_SECRET + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

function bounded(id: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length > LARGEST_SECRET) throw tooLarge(id);
  return bytes;
}

function unreadable(id: string, path: string, cause: unknown): RegistryError {
  const why = isMissing(cause) ? 'is not there' : 'cannot be read';
  return refused(id, `${printable(path, 300)} ${why}`, cause);
}

function tooLarge(id: string): RegistryError {
  return refused(id, `it has more than ${LARGEST_SECRET / 1024} KiB`);
}

function refused(id: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('SETTINGS_INVALID', `secret ${printable(id, 100)}: ${why}`, { cause });
}
