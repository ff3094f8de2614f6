import { createReadStream } from 'node:fs';
import { relative } from 'node:path';
import { isMissing, readPrivate } from '../../../disk/index.ts';
import { createHasher, verifiableAlgorithm } from '../../../oci/index.ts';
import { errorCode } from '../../../registry/index.ts';
import { ENTRY_LIMIT, parseEntry } from './entry.ts';
import { remove } from './file.ts';
import { contentOfPath, entryPath } from './folder.ts';
import { walk, type CacheFile } from './walk.ts';

/** What a check of a cache found. */
export interface Verified {
  /** How many files were looked at. */
  readonly checked: number;
  /** How many bytes they have. */
  readonly size: number;
  /** The files that were wrong, in the cache's folder. They are gone. */
  readonly removed: readonly string[];
}

/** Hashes all that a cache on the disk keeps, and removes what is not what its name says. */
export async function verifyCache(folder: string): Promise<Verified> {
  const removed: string[] = [];
  let [checked, size] = [0, 0];
  for await (const file of walk(folder)) {
    if (file.temporary || file.part === 'epochs') continue;
    checked++;
    size += file.size;
    if (await isRight(folder, file)) continue;
    await remove(file.path);
    removed.push(relative(folder, file.path));
  }
  return { checked, size, removed };
}

/** What others removed meanwhile is right enough. */
async function isRight(folder: string, { path, part, size }: CacheFile): Promise<boolean> {
  try {
    if (part === 'content') return await isRightContent(path);
    if (size > ENTRY_LIMIT) return false;
    const bytes = await readPrivate(path, ENTRY_LIMIT);
    if (bytes === undefined) return true;
    const entry = parseEntry(bytes);
    return entryPath(folder, entry, entry.kind, entry.name) === path;
  } catch (error) {
    if (isMissing(error)) return true;
    if (errorCode(error) === 'BLOB_CORRUPT') return false;
    throw error;
  }
}

async function isRightContent(path: string): Promise<boolean> {
  const named = contentOfPath(path);
  const algorithm = named && verifiableAlgorithm(named.digest);
  if (algorithm === undefined) return false;
  const hasher = createHasher(algorithm);
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Uint8Array);
  return hasher.digest() === named?.digest;
}
