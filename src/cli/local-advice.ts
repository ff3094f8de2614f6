import { existsSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isTag, printable } from '../oci/index.ts';
import { formatLocalReference, type LocalScheme } from '../place/index.ts';
import { isPath } from './path.ts';

/** Where the path of a folder or a file may end, and a tag or a digest begin. */
const ENDS = /(?=[:@])/;

/** How archives are called. */
const ARCHIVE_NAME = /\.(?:tar|tgz|tar\.gz|tar\.zst|tzst)(?=[:@]|$)/;

/**
 * What to write for the layout or the archive on this disk that somebody named as if it were in a registry: as it goes
 * behind the message. Empty, if there is none of that name.
 * @param reference as the user wrote it; also as `oci:DIR`, which is how skopeo and podman write it
 */
export function adviceWhereThere(reference: string): string {
  const text = reference.replace(/^oci:/, '');
  const parts = text.split(ENDS);
  for (let end = parts.length; end > 0; end--) {
    const path = parts.slice(0, end).join('');
    if (existsSync(join(path, 'oci-layout')))
      return `; for the layout in the folder ${shown(path)}, write oci-layout:${shown(text)}`;
    if (ARCHIVE_NAME.test(path) && isFile(path))
      return `; for the archive ${shown(path)}, write oci-archive:${shown(text)}`;
  }
  return '';
}

/** The same, for what cannot be in a registry. It need not be there, if it can only be a path. */
export function adviceOnPath(reference: string): string {
  const there = adviceWhereThere(reference);
  if (there !== '' || !(isPath(reference) || existsSync(reference))) return there;
  return ARCHIVE_NAME.test(reference) || isFile(reference)
    ? `; for an archive, write oci-archive:${shown(reference)}`
    : `; for the layout in a folder, write oci-layout:${shown(reference)}`;
}

/**
 * What to write for the folder or the file that is there under more of a path with colons than was taken for it: for the
 * path is taken to end at one of them.
 * @param reference with a scheme, as the user wrote it
 * @param taken the path that was read from it; nothing, if it could not be read
 */
export function adviceOnColons(reference: string, taken = ''): string {
  const [, scheme, rest = ''] = /^([a-z-]+):(?:\/\/)?(.*)$/s.exec(reference) ?? [];
  const isThere = scheme === 'oci-layout' ? isFolder : isFile;
  for (let end = rest.length; end > taken.length; end = rest.lastIndexOf(':', end - 1)) {
    const path = rest.slice(0, end);
    const tag = rest.slice(end + 1);
    // Without a colon, it is not the path that was taken wrongly.
    if (!isThere(path) || (!path.includes(':') && tag !== '')) continue;
    const right = { scheme: scheme as LocalScheme, path, ...(isTag(tag) && { tag }) };
    return `; for ${shown(path)}, write ${shown(formatLocalReference(right))}`;
  }
  return '';
}

function isFolder(path: string): boolean {
  return statOrNone(path)?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return statOrNone(path)?.isFile() === true;
}

function statOrNone(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function shown(text: string): string {
  return printable(text, 1000);
}
