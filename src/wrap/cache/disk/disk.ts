import { randomUUID } from 'node:crypto';
import { writePrivate } from '../../../disk/index.ts';
import { errorCode, RegistryError } from '../../../registry/index.ts';
import { checkedStore } from '../checked.ts';
import type { CacheScope, CacheStore } from '../store.ts';
import { ENTRY_LIMIT, formatEntry, parseEntry, type Entry, type Values } from './entry.ts';
import { readUsed, remove } from './file.ts';
import { contentPath, DISK_CACHE_SIZE, entryPath, epochPath } from './folder.ts';
import { pruneCache } from './prune.ts';
import { occupied } from './walk.ts';

export interface DiskCacheOptions {
  /** How much is kept, in bytes: 1 GiB unless told. It may be passed by an eighth for a while. */
  readonly maxSize?: number;
}

/**
 * A store in a folder, which any number of processes share; it is made when the first thing is kept. Only its owner may
 * read it. Nothing is synced to the disk, as nothing is believed that is read from it: a machine that crashes costs some
 * entries, and a process that is killed leaves a temporary file at most.
 *
 * Once in a while, after an eighth of `maxSize` was written by whomever, the process that wrote last removes what was
 * used least recently; `close` waits for that.
 */
export function diskCache(folder: string, options: DiskCacheOptions = {}): CacheStore {
  const { maxSize = DISK_CACHE_SIZE } = options;
  const pruning = pruneNowAndThen(folder, maxSize);

  const epochOf = async (scope: CacheScope): Promise<string> => {
    const bytes = await readUsed(epochPath(folder, scope), 100);
    return bytes === undefined ? '' : new TextDecoder().decode(bytes);
  };
  const look = async <K extends Entry['kind']>(
    scope: CacheScope,
    kind: K,
    name: string,
  ): Promise<Values[K] | undefined> => {
    const path = entryPath(folder, scope, kind, name);
    try {
      const bytes = await readUsed(path, ENTRY_LIMIT);
      return bytes === undefined ? undefined : valueOf(parseEntry(bytes), scope, kind, name);
    } catch (error) {
      if (errorCode(error) === 'BLOB_CORRUPT') await remove(path);
      throw error;
    }
  };
  const keep = async (entry: Entry, epoch: string): Promise<void> => {
    const { kind, name } = entry;
    const path = entryPath(folder, entry, kind, name);
    const text = formatEntry(entry);
    await writePrivate(path, text);
    // Looked at behind the write, as clearing writes the epoch before it removes: whichever comes first, one of the two
    // removes the entry.
    if ((await epochOf(entry)) !== epoch) await remove(path);
    pruning.wrote(text.length);
  };
  const clear = async (scope: CacheScope, entries: readonly (readonly [string, string])[]): Promise<void> => {
    // Also where nothing is kept yet: somebody may be about to.
    await writePrivate(epochPath(folder, scope), randomUUID());
    for (const [kind, name] of entries) await remove(entryPath(folder, scope, kind, name));
  };

  return checkedStore({
    epoch: epochOf,
    descriptor: (scope, kind, digest) => look(scope, kind, digest),
    setDescriptor: (scope, kind, digest, value, epoch) =>
      keep({ ...scope, kind, name: digest, value }, epoch),
    clearDescriptor: (scope, digest) =>
      clear(scope, [
        ['blobs', digest],
        ['manifests', digest],
      ]),
    tag: (scope, tag) => look(scope, 'tags', tag),
    setTag: (scope, tag, value, epoch) => keep({ ...scope, kind: 'tags', name: tag, value }, epoch),
    clearTag: (scope, tag) => clear(scope, [['tags', tag]]),
    async content(namespace, digest, size) {
      const path = contentPath(folder, namespace, digest);
      try {
        return await readUsed(path, size);
      } catch (error) {
        if (errorCode(error) === 'BLOB_CORRUPT') await remove(path);
        throw error;
      }
    },
    async setContent(namespace, digest, bytes) {
      await writePrivate(contentPath(folder, namespace, digest), bytes);
      pruning.wrote(bytes.length);
    },
    clearContent: async (namespace, digest) => void (await remove(contentPath(folder, namespace, digest))),
    close: () => pruning.done(),
  });
}

function valueOf<K extends Entry['kind']>(
  entry: Entry,
  { namespace, repository }: CacheScope,
  kind: K,
  name: string,
): Values[K] {
  const mine =
    entry.namespace === namespace &&
    entry.repository === repository &&
    entry.kind === kind &&
    entry.name === name;
  if (!mine) throw new RegistryError('BLOB_CORRUPT', 'an entry of the cache is in the wrong place');
  return entry.value as Values[K];
}

interface Pruning {
  /** @param size in bytes */
  wrote(size: number): void;
  done(): Promise<void>;
}

/**
 * Prunes behind the back of whoever writes. To know how full a folder is one would have to walk it; instead each process
 * prunes after it has written some amount that it draws by lot. Many that write little do so as often, taken together,
 * as one that writes much.
 */
function pruneNowAndThen(folder: string, maxSize: number): Pruning {
  const draw = (): number => (Math.random() * maxSize) / 8;
  let allowance = draw();
  let running: Promise<void> | undefined;
  const prune = async (): Promise<void> => {
    // Again, where as much was written meanwhile.
    while (allowance <= 0) {
      allowance = draw();
      // That it fails is told to nobody here; who prunes by hand will see.
      await pruneCache(folder, { maxSize }).catch(() => {});
    }
    running = undefined;
  };
  return {
    wrote(size) {
      allowance -= occupied(size);
      if (allowance <= 0) running ??= prune();
    },
    async done() {
      await running;
    },
  };
}
