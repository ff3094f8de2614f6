import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isRepository } from '../../oci/index.ts';
import { isAbsent } from './failure.ts';
import { componentOf, folderOf } from './folder.ts';

/** Where a walk begins, and how it ends. */
export interface WalkOptions {
  /** Only names after this one. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/**
 * The names of all repositories below a folder, in the order of their bytes. A folder is read when the walk gets
 * there; links to folders are not followed.
 */
export async function* walk(root: string, options: WalkOptions = {}): AsyncGenerator<string> {
  yield* walkFolder(root, '', options);
}

async function* walkFolder(
  path: string,
  prefix: string,
  { after = '', signal }: WalkOptions,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  for (const key of await keysOf(path, prefix)) {
    const name = prefix + key;
    if (key.endsWith('/')) {
      // All names below start with this one: when `after` is past them, none of them is wanted.
      if (after > name && !after.startsWith(name)) continue;
      const folder = join(path, folderOf(key.slice(0, -1), false));
      yield* walkFolder(folder, name, { after, ...(signal && { signal }) });
    } else if (name > after && (await isLayout(join(path, folderOf(key, true))))) {
      signal?.throwIfAborted();
      yield name;
    }
  }
}

/**
 * What stands in a folder: `x` for a repository that may be there, `x/` for those below. Sorted together, since
 * `x-y` comes between the two.
 */
async function keysOf(path: string, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const entry of await entriesOf(path)) {
    const component = componentOf(entry.name);
    if (!entry.isDirectory() || !isRepository(prefix + component)) continue;
    if (folderOf(component, true) === entry.name) keys.push(component);
    if (folderOf(component, false) === entry.name) keys.push(`${component}/`);
  }
  return keys.sort();
}

async function entriesOf(path: string): Promise<Awaited<ReturnType<typeof readFolder>>> {
  try {
    return await readFolder(path);
  } catch (error) {
    // Another process may have taken the folder away since its parent was read.
    if (isAbsent(error)) return [];
    throw error;
  }
}

function readFolder(path: string) {
  return readdir(path, { withFileTypes: true });
}

/** Whether a layout stands there, and is not just being made: `index.json` is written last. */
export async function isLayout(path: string): Promise<boolean> {
  try {
    const files = await Promise.all(['oci-layout', 'index.json'].map((name) => lstat(join(path, name))));
    return files.every((file) => file.isFile());
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
