import { relative } from 'node:path';
import { describeSystemCode, systemCode } from '../../disk/index.ts';
import { RegistryError } from '../../registry/index.ts';

export { systemCode };

/** The file is not there; nor is a folder, or something else stands where one should be. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  // A name that is too long for the disk cannot have been written either.
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

/** Says which file a failed operation on an open file was about, which Node leaves away. */
export async function about<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (systemCode(error) !== undefined) (error as NodeJS.ErrnoException).path ??= path;
    throw error;
  }
}

/** The error for something in a layout that is not as it has to be; `file` is its name in the layout. */
export function layoutInvalid(
  repository: string,
  file: string,
  problem: string,
  cause?: unknown,
): RegistryError {
  return new RegistryError(
    'LAYOUT_INVALID',
    `the layout of ${repository} is not valid: ${file}: ${problem}`,
    {
      repository,
      ...(cause !== undefined && { cause }),
    },
  );
}

/**
 * Turns a failure of the disk under `root` into the registry's error: what failed, where, and the system's code.
 * Other errors, and those of files elsewhere (a source that the caller reads from one), stay as they are.
 */
export function diskFailure(error: unknown, root: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const { path, dest, syscall } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const place = [dest, path].find((candidate) => candidate !== undefined && isWithin(candidate, root));
  if (place === undefined) return error;
  if (syscall === 'lock' && code === 'ENOSYS') {
    const why = (error as Error).message;
    return new RegistryError('UNSUPPORTED', `layouts cannot be written here: ${why}`, { cause: error });
  }
  const facts = { status: code === 'ENAMETOOLONG' ? 400 : 500, cause: error };
  const what = `cannot ${syscall ?? 'use'} ${relative(root, place) || '.'}: ${describeSystemCode(code)}`;
  return new RegistryError(code === 'ENAMETOOLONG' ? 'NAME_INVALID' : 'UNKNOWN', what, facts);
}

/** Performs an operation, with failures of the disk as the registry's errors. */
export async function onDisk<T>(root: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw diskFailure(error, root);
  }
}

function isWithin(path: string, root: string): boolean {
  const from = relative(root, path);
  return from === '' || (!from.startsWith('..') && from !== path);
}
