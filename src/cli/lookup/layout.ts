import { stat } from 'node:fs/promises';
import { printable } from '../../oci/index.ts';
import { isLayoutReference, parseLayoutReference } from '../../place/index.ts';
import { RegistryError } from '../../registry/index.ts';

/**
 * What a reference to a layout lacks for there to be one. Who mistypes a path is not to be told that nothing stands there
 * yet.
 * @returns undefined for other references, and for folders
 */
export async function lackOf(reference: string): Promise<RegistryError | undefined> {
  if (!isLayoutReference(reference)) return undefined;
  const { directory } = parseLayoutReference(reference);
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return undefined;
  const why =
    found === undefined ? 'there is no such folder' : 'this is a file, and no folder with a layout in it';
  return new RegistryError('NAME_UNKNOWN', `${printable(directory, 1000)}: ${why}`, {
    status: 404,
    reference,
  });
}
