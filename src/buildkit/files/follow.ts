import { readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isMissing } from '../../disk/index.ts';
import { cleanPath } from './clean-path.ts';
import { parseNamePattern } from './pattern.ts';

/**
 * The paths that have to be sent for some paths to be there, with what symbolic links on the way lead to: a builder asks
 * for `app` if a Dockerfile copies it, and where `app` is a link to `releases/3`, both are needed. Links are resolved as if
 * the folder were the root of all files, so that none leads out of it. In a name, `*` and `?` are wildcards.
 * @param folder its real path
 * @param paths with slashes
 * @returns in order, and none below another; undefined if one is the folder itself, so that all of it is needed
 */
export async function followLinks(
  folder: string,
  paths: readonly string[],
): Promise<readonly string[] | undefined> {
  const reached = new Set<string>();
  // What a link leads to is followed before the next path is, as the builder's own client does.
  const pending = paths.map(fromRoot).toReversed();
  for (let path = pending.pop(); path !== undefined; path = pending.pop())
    pending.push(...(await follow(folder, path, reached)).toReversed());
  if (reached.has('.')) return undefined;
  return withoutNested([...reached].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** Follows one path up to the first link in it. @returns what that leads to, with what is left of the path. */
async function follow(folder: string, path: string, reached: Set<string>): Promise<readonly string[]> {
  const names = path.split('/');
  for (let count = 1; count <= names.length; count += 1) {
    const current = names.slice(0, count).join('/');
    const targets = await targetsOf(folder, current);
    const last = count === names.length;
    if (targets === undefined && !last) continue;
    // What was reached before was followed before: links that lead in circles end here.
    if (reached.has(current) && (last || targets !== undefined)) return [];
    reached.add(current);
    return (targets ?? []).map((target) => fromRoot(posix.join(target, ...names.slice(count))));
  }
  return [];
}

/** Where a link leads, or several, if the name has wildcards; undefined where there is no link. */
async function targetsOf(folder: string, path: string): Promise<readonly string[] | undefined> {
  const name = posix.basename(path);
  if (!hasWildcards(name)) {
    const target = await targetOf(folder, path);
    return target === undefined ? undefined : [target];
  }
  const parent = posix.dirname(path);
  const matches = parseNamePattern(name);
  const names = await readdir(join(folder, parent)).catch(missing([]));
  const targets = await Promise.all(
    names.filter(matches).map((each) => targetOf(folder, posix.join(parent, each))),
  );
  const links = targets.filter((target) => target !== undefined);
  return links.length === 0 ? undefined : links;
}

async function targetOf(folder: string, path: string): Promise<string | undefined> {
  if (path === '.') return undefined;
  const link = await readlink(join(folder, path)).catch((error: NodeJS.ErrnoException) => {
    // It is no link.
    if (error.code === 'EINVAL' || error.code === 'UNKNOWN') return undefined;
    return missing(undefined)(error);
  });
  if (link === undefined) return undefined;
  const target = process.platform === 'win32' ? link.replaceAll('\\', '/') : link;
  return target.startsWith('/') ? target : posix.join(posix.dirname(path), target);
}

/** A path as if it began at the root, where `..` leads nowhere; then without the slash. */
function fromRoot(path: string): string {
  return cleanPath(cleanPath(`/${path}`).slice(1));
}

function hasWildcards(name: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(name);
}

function withoutNested(paths: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const path of paths) if (!path.startsWith(`${kept.at(-1) ?? ''}/`)) kept.push(path);
  return kept;
}

function missing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return instead;
    throw error;
  };
}
