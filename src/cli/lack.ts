import { stat } from 'node:fs/promises';
import { printable } from '../oci/index.ts';
import type { Place } from '../place/index.ts';
import { RegistryError } from '../registry/index.ts';

/**
 * What a layout or an archive lacks for there to be one. Who mistypes a path is not to be told that nothing stands there
 * yet.
 * @param reference as the user wrote it
 * @returns undefined for registries, and for what is there
 */
export async function lackOf({ local }: Place, reference: string): Promise<RegistryError | undefined> {
  if (local === undefined) return undefined;
  const { scheme, path } = local;
  const found = await stat(path).catch(() => undefined);
  const why = scheme === 'oci-layout' ? lackOfFolder(found?.isDirectory()) : lackOfFile(found?.isDirectory());
  if (why === undefined) return undefined;
  return new RegistryError('NAME_UNKNOWN', `${printable(path, 1000)}: ${why}`, { status: 404, reference });
}

function lackOfFolder(isFolder: boolean | undefined): string | undefined {
  if (isFolder === undefined) return 'there is no such folder';
  return isFolder ? undefined : 'this is a file, and no folder with a layout in it';
}

function lackOfFile(isFolder: boolean | undefined): string | undefined {
  if (isFolder === undefined) return 'there is no such file';
  return isFolder ? 'this is a folder, and no archive; for the layout in it, write oci-layout:' : undefined;
}
