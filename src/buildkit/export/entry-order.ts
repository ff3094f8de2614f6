import { cleanPath } from '../files/clean-path.ts';
import { kindOf } from '../files/file-mode.ts';
import type { Stat } from '../proto/fsutil_pb.ts';

/** A folder that was told of, and the last name in it. */
interface OpenFolder {
  readonly path: string;
  last: string;
}

/** Where `a` and `A` are one name, as a rule, and two ways to write an accent too. */
const FOLDING: ReadonlySet<NodeJS.Platform> = new Set(['darwin', 'win32']);

/** Judges each entry by those before it. @returns why it cannot be; undefined if it can. */
export type EntryCheck = (entry: Stat) => string | undefined;

/**
 * Watches over what a builder lists: each path is relative, clean and below the folder; comes after the one before it;
 * and lies in a folder that was listed as a folder. So no name comes twice, and nothing is written through a link that
 * came before. A hard link is to a file that came before.
 */
export function entryOrder(platform: NodeJS.Platform = process.platform): EntryCheck {
  const open: OpenFolder[] = [{ path: '', last: '' }];
  const files = new Set<string>();
  const folded = new Set<string>();
  return ({ path, mode, linkname }) => {
    const problem = problemOf(path, platform);
    if (problem !== undefined) return problem;
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? '' : path.slice(0, slash);
    const name = path.slice(slash + 1);
    while (open.length > 1 && open.at(-1)?.path !== folder) open.pop();
    const parent = open.at(-1);
    if (parent?.path !== folder) return 'the folder that it is in was not listed';
    if (Buffer.compare(Buffer.from(parent.last), Buffer.from(name)) >= 0)
      return `it comes after ${parent.last}, out of order`;
    parent.last = name;
    if (FOLDING.has(platform)) {
      const same = path.normalize('NFC').toLowerCase();
      if (folded.has(same)) return 'for this system it has the name of another one';
      folded.add(same);
    }
    const kind = kindOf(mode);
    if (kind === 'folder') open.push({ path, last: '' });
    if (kind !== 'regular') return undefined;
    if (linkname !== '' && !files.has(linkname))
      return `it is a link to ${linkname}, which is no file before it`;
    files.add(path);
    return undefined;
  };
}

function problemOf(path: string, platform: NodeJS.Platform): string | undefined {
  if (path === '' || path.length > 4096) return 'it has no usable path';
  if (path.includes('\0')) return 'its path has a null character';
  if (path.startsWith('/') || path === '.' || path === '..' || path.startsWith('../'))
    return 'its path leads out of the folder';
  if (cleanPath(path) !== path) return 'its path is not clean';
  // Drives, streams of files, separators, and devices that are in every folder.
  if (platform === 'win32' && /[\\:]|(?:^|\/)(?:con|prn|aux|nul|com\d|lpt\d)(?:$|[./])/i.test(path))
    return 'its path means something else on Windows';
  return undefined;
}
