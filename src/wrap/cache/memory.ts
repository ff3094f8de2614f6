import { LRUCache } from 'lru-cache';
import type { Descriptor } from '../../oci/index.ts';
import { checkedStore } from './checked.ts';
import type { CachedTag, CacheScope, CacheStore } from './store.ts';

export interface MemoryCacheOptions {
  /** How much is kept, in bytes: 64 MiB unless told. */
  readonly maxSize?: number;
  /** How many things are kept, of whatever size: 10 000 unless told. */
  readonly maxEntries?: number;
}

/** What an entry costs besides its content, in bytes; about. */
const OVERHEAD = 400;
/** For so many repositories it is remembered that something was cleared. */
const MOST_EPOCHS = 10_000;

/** A store in this process's memory, for as long as it lives. What was used least recently makes room. */
export function memoryCache(options: MemoryCacheOptions = {}): CacheStore {
  const { maxSize = 64 * 1024 * 1024, maxEntries = 10_000 } = options;
  const limits = { max: maxEntries, maxSize };
  const kept = new LRUCache<string, Descriptor | CachedTag | Uint8Array>({
    ...limits,
    sizeCalculation: (value) => OVERHEAD + (value instanceof Uint8Array ? value.length : 0),
  });
  let clears = 0;
  // Of repositories that fell out, it is only known that something may have been cleared by then.
  let forgotten = 0;
  const epochs = new LRUCache<string, number>({
    max: MOST_EPOCHS,
    dispose: (_, __, reason) => {
      if (reason === 'evict') forgotten = ++clears;
    },
  });
  const epochOf = (scope: CacheScope): string => String(epochs.get(keyOf(scope)) ?? forgotten);
  const set = (
    scope: CacheScope,
    kind: string,
    name: string,
    value: Descriptor | CachedTag,
    epoch: string,
  ): void => {
    if (epochOf(scope) === epoch) kept.set(keyOf(scope, kind, name), value);
  };

  return checkedStore({
    epoch: async (scope) => epochOf(scope),
    descriptor: async (scope, kind, digest) => kept.get(keyOf(scope, kind, digest)) as Descriptor | undefined,
    setDescriptor: async (scope, kind, digest, descriptor, epoch) =>
      set(scope, kind, digest, descriptor, epoch),
    async clearDescriptor(scope, digest) {
      epochs.set(keyOf(scope), ++clears);
      kept.delete(keyOf(scope, 'blobs', digest));
      kept.delete(keyOf(scope, 'manifests', digest));
    },
    tag: async (scope, tag) => kept.get(keyOf(scope, 'tags', tag)) as CachedTag | undefined,
    setTag: async (scope, tag, value, epoch) => set(scope, 'tags', tag, value, epoch),
    async clearTag(scope, tag) {
      epochs.set(keyOf(scope), ++clears);
      kept.delete(keyOf(scope, 'tags', tag));
    },
    content: async (namespace, digest) =>
      kept.get(keyOf({ namespace }, 'content', digest)) as Uint8Array | undefined,
    async setContent(namespace, digest, bytes) {
      // A copy (`slice` of a Buffer is none): the caller's may change, or be a small part of something large.
      kept.set(keyOf({ namespace }, 'content', digest), new Uint8Array(bytes));
    },
    async clearContent(namespace, digest) {
      kept.delete(keyOf({ namespace }, 'content', digest));
    },
    async close() {
      kept.clear();
    },
  });
}

/** Namespaces are any text, so the parts are not simply joined. */
function keyOf(
  { namespace, repository }: Partial<CacheScope> & Pick<CacheScope, 'namespace'>,
  ...rest: readonly string[]
): string {
  return JSON.stringify([namespace, repository ?? null, ...rest]);
}
