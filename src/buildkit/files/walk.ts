import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { FileFilter, Verdict } from './file-filter.ts';
import { statFile, type FoundFile } from './file-stat.ts';

/** How many files are looked at together. */
const TOGETHER = 64;

/** A folder that the walk is in. */
interface Level {
  readonly path: string;
  readonly verdict: Verdict | undefined;
  /** What is left to visit, in order. */
  readonly files: AsyncGenerator<Visited>;
  /** Whether it was given out, as the folders above it were. */
  given: boolean;
}

interface Visited {
  readonly path: string;
  readonly verdict: Verdict;
  readonly found: FoundFile | undefined;
}

/**
 * Walks through a folder: a folder comes before what is in it, and names are in the order of their bytes, which is what
 * builders insist on. One folder's names are in memory for each level that the walk is deep. Symbolic links are not
 * followed; what vanishes meanwhile was never there.
 * @param folder its real path
 * @throws {RegistryError} `UNSUPPORTED`, for a name that is not UTF-8; what the file system throws, for a folder that
 * cannot be read unless it is one of those that are not wanted.
 */
export async function* walkFolder(
  folder: string,
  filter: FileFilter,
  signal?: AbortSignal,
): AsyncGenerator<FoundFile> {
  const firstNames = new Map<string, string>();
  const levels: Level[] = [levelOf(folder, '', undefined, filter)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    signal?.throwIfAborted();
    const { done, value: visited } = await level.files.next();
    if (done === true) {
      levels.pop();
      continue;
    }
    const { path, verdict, found } = visited;
    if (verdict.taken && found !== undefined) {
      for (const above of levels) {
        if (above.given) continue;
        above.given = true;
        const parent = await statFile(folder, above.path);
        if (parent !== undefined) yield parent;
      }
      yield withLink(found, firstNames);
    }
    if (verdict.entered) levels.push(levelOf(folder, path, visited, filter));
  }
}

function levelOf(folder: string, path: string, visited: Visited | undefined, filter: FileFilter): Level {
  const verdict = visited?.verdict;
  // The folder itself is never given out.
  const given = visited === undefined || verdict?.taken === true;
  return { path, verdict, given, files: visit(folder, path, verdict, filter) };
}

/** What is in one folder, judged and looked at. */
async function* visit(
  folder: string,
  path: string,
  verdict: Verdict | undefined,
  filter: FileFilter,
): AsyncGenerator<Visited> {
  const place = join(folder, legible(path));
  const entries = await namesIn(place).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error)) return [];
    if (error.code === 'EACCES' && verdict?.taken === false) return [];
    throw error;
  });
  for (let at = 0; at < entries.length; at += TOGETHER) {
    const judged = entries.slice(at, at + TOGETHER).map(({ name, isFolder }) => {
      const inside = path === '' ? name : `${path}/${name}`;
      return { path: inside, verdict: filter.judge(inside, isFolder, verdict) };
    });
    const wanted = judged.filter((each) => each.verdict.taken || each.verdict.entered);
    const visited = await Promise.all(
      wanted.map(async (each) => ({
        ...each,
        found: each.verdict.taken ? await statFile(folder, legible(each.path)) : undefined,
      })),
    );
    // Where a link took the place of the folder, all of this was elsewhere.
    if (!(await isReal(place))) return;
    yield* visited;
  }
}

async function isReal(place: string): Promise<boolean> {
  return (await realpath(place).catch(() => undefined)) === place;
}

interface Name {
  readonly name: string;
  readonly isFolder: boolean;
}

async function namesIn(place: string): Promise<readonly Name[]> {
  const entries: readonly Dirent<Buffer>[] = await readdir(place, {
    withFileTypes: true,
    encoding: 'buffer',
  });
  return entries
    .toSorted((a, b) => Buffer.compare(a.name, b.name))
    .map((entry) => ({ name: textOf(entry.name), isFolder: entry.isDirectory() }));
}

/** Names are bytes, and messages have text: what is not UTF-8 is marked, so that it can be excluded. */
function textOf(name: Buffer): string {
  const text = name.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(name) ? `${text}\0` : text;
}

function legible(path: string): string {
  if (!path.includes('\0')) return path;
  throw new RegistryError(
    'UNSUPPORTED',
    `the name of ${printable(path.replaceAll('\0', ''), 200)} is not UTF-8, and cannot be sent to a builder; exclude it in .dockerignore`,
  );
}

/** Of several names for one file, all but the first are links to it. */
function withLink(found: FoundFile, firstNames: Map<string, string>): FoundFile {
  if (!found.linked) return found;
  const file = `${found.dev}:${found.ino}`;
  const linkname = firstNames.get(file);
  if (linkname !== undefined) return { ...found, stat: { ...found.stat, linkname } };
  firstNames.set(file, found.stat.path);
  return found;
}
