import { stat } from 'node:fs/promises';
import { printable } from '../oci/index.ts';
import { formatLocalReference, type LocalReference, type LocalScheme, type Place } from '../place/index.ts';
import { RegistryError } from '../registry/index.ts';
import { adviceOnColons } from './local-advice.ts';

/** What stands at a path. */
type Kind = 'folder' | 'file';

const KIND_OF: Readonly<Record<LocalScheme, Kind>> = {
  'oci-layout': 'folder',
  'oci-archive': 'file',
  'docker-archive': 'file',
};

/**
 * What a layout or an archive lacks for there to be one. Who mistypes a path is not to be told that nothing stands there
 * yet.
 * @param reference as the user wrote it
 * @returns undefined for registries, and for what is there
 */
export async function lackOf({ local }: Place, reference: string): Promise<RegistryError | undefined> {
  if (local === undefined) return undefined;
  const lack = await lackAt(local.path, KIND_OF[local.scheme]);
  if (lack === undefined) return undefined;
  const advice =
    lack.found === undefined ? adviceOnColons(reference, local.path) : otherScheme(local, lack.found);
  return lackError(local.path, `${lack.why}${advice}`, reference);
}

/**
 * The same, for what is to be written to, and need not be there: only what is a folder instead of a file, or a file
 * instead of a folder, is in the way.
 */
export async function misfitOf({ local }: Place, reference: string): Promise<RegistryError | undefined> {
  if (local === undefined) return undefined;
  const lack = await lackAt(local.path, KIND_OF[local.scheme]);
  if (lack?.found === undefined) return undefined;
  return lackError(local.path, `${lack.why}${otherScheme(local, lack.found)}`, reference);
}

/** That there is no layout in a folder, for whoever needs none but its path. */
export async function lackOfFolder(path: string): Promise<RegistryError | undefined> {
  const lack = await lackAt(path, 'folder');
  return lack && lackError(path, lack.why, path);
}

function lackError(path: string, why: string, reference: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', `${printable(path, 1000)}: ${why}`, { status: 404, reference });
}

async function lackAt(
  path: string,
  wanted: Kind,
): Promise<{ readonly found: Kind | undefined; readonly why: string } | undefined> {
  const found = await kindAt(path);
  if (found === wanted) return undefined;
  if (found === undefined) return { found, why: `there is no such ${wanted}` };
  const why =
    found === 'file'
      ? 'this is a file, and no folder with a layout in it'
      : 'this is a folder, and no archive';
  return { found, why };
}

async function kindAt(path: string): Promise<Kind | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (found.isDirectory() ? 'folder' : 'file');
}

function otherScheme(local: LocalReference, found: Kind): string {
  const scheme = found === 'folder' ? 'oci-layout' : 'oci-archive';
  const what = found === 'folder' ? 'the layout in it' : 'the archive';
  return `; for ${what}, write ${shown({ ...local, scheme })}`;
}

function shown(local: LocalReference): string {
  return printable(formatLocalReference(local), 1000);
}
