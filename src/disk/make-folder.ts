import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder, with those that it is in. Not by `recursive`: with that, Node 20 tries for ever where a folder says
 * that it is there and takes no other, as those of /proc do.
 * @param mode of the folders that are made
 * @returns the uppermost that was made; undefined if all were there
 */
export async function makeFolder(path: string, mode?: number): Promise<string | undefined> {
  const outcome = await makeOne(path, mode);
  if (outcome !== 'no parent') return outcome === 'made' ? path : undefined;
  const parent = dirname(path);
  const above = parent === path ? undefined : await makeFolder(parent, mode);
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    // Somebody else was faster.
    if (error.code !== 'EEXIST') throw error;
  });
  return above ?? path;
}

async function makeOne(path: string, mode: number | undefined): Promise<'made' | 'there' | 'no parent'> {
  try {
    await mkdir(path, { mode });
    return 'made';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'no parent';
    // That it is no folder is told by whoever writes into it.
    if (code === 'EEXIST') return 'there';
    throw error;
  }
}
