import { describeSystemCode, systemCode } from '../../disk/index.ts';
import { Invalid, printable, type Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { roomWanted, type Room } from './file/room.ts';

/** The error for an archive that is not as it has to be. */
export function archiveInvalid(file: string, problem: string, cause?: unknown): RegistryError {
  return new RegistryError('ARCHIVE_INVALID', `${printable(file, 260)} is not a valid archive: ${problem}`, {
    ...(cause !== undefined && { cause }),
  });
}

/** The error of a registry that was closed. */
export function closed(file: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `the archive ${printable(file, 260)} was closed`);
}

/**
 * The error for a manifest that is not deleted, as it cannot be read and may be what keeps other things.
 * @param lost what would go with it
 */
export function notWithoutLoss(file: string, digest: Digest, lost: readonly Digest[]): RegistryError {
  const [count, these] = lost.length === 1 ? ['a blob', 'it'] : [`${lost.length} blobs`, 'these'];
  const some = lost.slice(0, 3).join(', ');
  const more = lost.length > 3 ? ` and ${lost.length - 3} more` : '';
  return new RegistryError(
    'UNSUPPORTED',
    `${digest} is not deleted from the archive ${printable(file, 260)}: what it leads to cannot be read, and ${count} ` +
      `that nothing else leads to would be lost with it: ${some}${more}. Push what is to stay of ${these} under a name, and delete the rest first`,
    { status: 405, detail: [...lost] },
  );
}

/** Does something with what an archive says; where that is malformed, the error says which of its files it is in. */
export async function reading<T>(
  file: string,
  name: string | undefined,
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw archiveInvalid(file, name === undefined ? error.message : `${name}: ${error.message}`, error);
  }
}

/**
 * Does something with files of ours; what the disk refuses is the registry's error, with the system's code.
 * @param room what the error says of a disk that is full
 */
export async function onDisk<T>(file: string, work: () => Promise<T>, room?: Room): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const { syscall = 'use' } = error as NodeJS.ErrnoException;
    throw new RegistryError(
      'UNKNOWN',
      `cannot ${syscall} the archive ${printable(file, 260)}: ${describeSystemCode(code)}${await roomWanted(room, code, file)}`,
      { status: 500, cause: error },
    );
  }
}
