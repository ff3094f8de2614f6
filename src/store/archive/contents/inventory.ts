import { Invalid, printable } from '../../../oci/index.ts';
import type { RegistryError } from '../../../registry/index.ts';
import {
  archivePath,
  foldedPath,
  linkTarget,
  walkTar,
  type FoundEntry,
  type TarLimits,
} from '../../../tar/index.ts';
import { archiveInvalid } from '../failure.ts';
import type { OpenBytes } from '../file/bytes.ts';

/** Where some bytes are in the tar. */
export interface Span {
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/** What is in a tar, by path. */
export interface Inventory {
  readonly files: ReadonlyMap<string, Span>;
  /** Links by path, and the paths in the archive that they lead to. */
  readonly links: ReadonlyMap<string, string>;
}

/** How many links may be followed one after the other. */
const LINK_LIMIT = 8;

/**
 * Takes stock of a tar. Nothing is unpacked, and yet what would do harm in unpacking is refused: who hands an archive on
 * should not hand that on.
 * @throws {RegistryError} `ARCHIVE_INVALID`, with the entry and what is wrong with it.
 */
export async function takeInventory(
  file: string,
  bytes: OpenBytes,
  options: { readonly limits?: Partial<TarLimits>; readonly signal?: AbortSignal },
): Promise<Inventory> {
  const files = new Map<string, Span>();
  const links = new Map<string, string>();
  /** By what a path is on disks that do not tell capitals apart. */
  const taken = new Map<string, { readonly path: string; readonly isFolder: boolean }>();

  const take = (entry: FoundEntry): void => {
    const path = archivePath(entry.path);
    const isFolder = entry.type === 'directory';
    if (path === '') {
      if (isFolder) return;
      throw new Invalid('tar', `it is a ${entry.type}, with the name of the archive's top folder`);
    }
    const other = taken.get(foldedPath(path));
    if (other !== undefined && !(isFolder && other.isFolder && other.path === path)) {
      throw new Invalid(
        'tar',
        other.path === path
          ? 'it is there twice'
          : `it is the same as "${printable(other.path, 200)}" on disks that do not tell them apart`,
      );
    }
    taken.set(foldedPath(path), { path, isFolder });
    switch (entry.type) {
      case 'directory':
        break;
      case 'file':
        files.set(path, { offset: entry.offset, size: entry.size });
        break;
      case 'link':
      case 'symlink':
        if (belongsToLayout(path)) throw new Invalid('tar', `it is a ${entry.type}: want a regular file`);
        // Hard links are told from the top of the archive, symbolic ones from where they are.
        links.set(path, linkTarget(entry.type === 'link' ? '' : path, entry.linkpath ?? ''));
        break;
      default:
        throw new Invalid('tar', `it is a ${entry.type}`);
    }
  };

  try {
    for await (const entry of walkTar(bytes, options)) {
      try {
        take(entry);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        throw new Invalid('tar', `entry ${entry.number} "${printable(entry.path, 200)}": ${error.message}`);
      }
    }
  } catch (error) {
    throw error instanceof Invalid ? archiveInvalid(file, error.message, error) : error;
  }
  return { files, links };
}

/** What a layout consists of; all of it is regular files. */
function belongsToLayout(path: string): boolean {
  return path.startsWith('blobs/') || ['blobs', 'oci-layout', 'index.json', 'manifest.json'].includes(path);
}

/**
 * A file by the path that another file of the archive says; links are followed.
 * @param by who says it, for the error
 * @throws {RegistryError} `ARCHIVE_INVALID` where there is none.
 */
export function findFile(file: string, { files, links }: Inventory, path: string, by: string): Span {
  let at = path;
  for (let step = 0; step <= LINK_LIMIT; step++) {
    const span = files.get(at);
    if (span !== undefined) return span;
    const next = links.get(at);
    if (next === undefined) throw missing(file, path, by);
    at = next;
  }
  throw archiveInvalid(file, `"${printable(path, 200)}" of ${by} leads over more than ${LINK_LIMIT} links`);
}

function missing(file: string, path: string, by: string): RegistryError {
  return archiveInvalid(file, `"${printable(path, 200)}", which ${by} names, is not in it`);
}
