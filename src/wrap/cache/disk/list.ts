import { readPrivate } from '../../../disk/index.ts';
import { errorCode } from '../../../registry/index.ts';
import type { CacheScope } from '../store.ts';
import { ENTRY_LIMIT, parseEntry, type Entry } from './entry.ts';
import { contentOfPath, namespaceMark } from './folder.ts';
import { walk, type CacheFile } from './walk.ts';

/** What is kept of one repository. */
export interface CachedRepository {
  readonly namespace: string;
  readonly repository: string;
  readonly tags: number;
  readonly manifests: number;
  readonly blobs: number;
  /** Of the manifests and blobs whose bytes are here, in bytes. Repositories that have the same count it each. */
  readonly size: number;
}

/** What a cache on the disk keeps. */
export interface CacheList {
  /** In the order of their names. */
  readonly repositories: readonly CachedRepository[];
  /** How many files there are. */
  readonly files: number;
  /** What they take of the disk, in bytes. */
  readonly size: number;
}

/** Looks at all that a cache on the disk keeps. A folder that is not there is an empty cache. */
export async function listCache(folder: string): Promise<CacheList> {
  const sizes = new Map<string, number>();
  const found = new Map<string, Entry[]>();
  let [files, size] = [0, 0];
  for await (const file of walk(folder)) {
    files++;
    size += file.occupied;
    if (file.temporary || file.part === 'epochs') continue;
    if (file.part === 'content') {
      const named = contentOfPath(file.path);
      if (named !== undefined) sizes.set(`${named.mark} ${named.digest}`, file.size);
      continue;
    }
    const entry = await entryOf(file);
    if (entry === undefined) continue;
    const key = JSON.stringify([entry.namespace, entry.repository]);
    const others = found.get(key);
    if (others === undefined) found.set(key, [entry]);
    else others.push(entry);
  }
  const repositories = [...found.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entries]) => {
      const [namespace, repository] = JSON.parse(key) as [string, string];
      return sum({ namespace, repository }, entries, sizes);
    });
  return { repositories, files, size };
}

function sum(
  { namespace, repository }: CacheScope,
  entries: readonly Entry[],
  sizes: ReadonlyMap<string, number>,
): CachedRepository {
  const mark = namespaceMark(namespace);
  const digests = new Set(entries.filter(({ kind }) => kind !== 'tags').map(({ name }) => name));
  const count = (kind: Entry['kind']): number => entries.filter((entry) => entry.kind === kind).length;
  return {
    namespace,
    repository,
    tags: count('tags'),
    manifests: count('manifests'),
    blobs: count('blobs'),
    size: [...digests].reduce((total, digest) => total + (sizes.get(`${mark} ${digest}`) ?? 0), 0),
  };
}

/** What is corrupt is for `verifyCache` to tell. */
async function entryOf({ path }: CacheFile): Promise<Entry | undefined> {
  try {
    const bytes = await readPrivate(path, ENTRY_LIMIT);
    return bytes && parseEntry(bytes);
  } catch (error) {
    if (errorCode(error) === 'BLOB_CORRUPT') return undefined;
    throw error;
  }
}
