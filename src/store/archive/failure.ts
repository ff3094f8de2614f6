import { describeSystemCode, systemCode } from '../../disk/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';

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

/** Does something with files of ours; what the disk refuses is the registry's error, with the system's code. */
export async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const { syscall = 'use' } = error as NodeJS.ErrnoException;
    throw new RegistryError(
      'UNKNOWN',
      `cannot ${syscall} the archive ${printable(file, 260)}: ${describeSystemCode(code)}`,
      { status: 500, cause: error },
    );
  }
}
