import { Invalid } from '../oci/index.ts';

/**
 * The one spelling of a path in an archive: without `./` before it, and slashes behind it; empty for the top itself.
 * @throws {Invalid} subject `tar`, for one that leads out of the archive where it is unpacked: on any system.
 */
export function archivePath(path: string): string {
  if (path.startsWith('/')) throw new Invalid('tar', 'its path is absolute');
  if (/^[A-Za-z]:/.test(path) || path.includes('\\'))
    throw new Invalid('tar', 'its path leads elsewhere on Windows');
  const parts = partsOf(path);
  if (parts.includes('..')) throw new Invalid('tar', 'its path goes up by ".."');
  return parts.join('/');
}

/**
 * Where a link in an archive leads.
 * @param from the path of the link
 * @param target what it says: of a symbolic link, from the folder that the link is in
 * @throws {Invalid} subject `tar`, when that is outside of the archive.
 */
export function linkTarget(from: string, target: string): string {
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target) || target.includes('\\'))
    throw new Invalid('tar', 'it is a link out of the archive, to an absolute path');
  const parts = from.split('/').slice(0, -1);
  for (const part of partsOf(target)) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw new Invalid('tar', 'it is a link out of the archive');
  }
  return parts.join('/');
}

/** As it is on disks that do not tell capitals, or the ways to compose a letter, apart. */
export function foldedPath(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
