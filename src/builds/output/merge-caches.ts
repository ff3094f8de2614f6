import { Invalid } from '../../oci/index.ts';
import type { CacheEntry, IndexCache } from '../resolve/index-cache.ts';
import { pointerOf } from '../../json/index.ts';

/** What one of several processes has left for the next run. */
export interface CachePart {
  /** What it is called in errors. */
  readonly name: string;
  readonly cache: IndexCache;
}

/**
 * Puts the caches of the processes of a run together.
 * @returns all indexes by the names of their images, in order
 * @throws {Invalid} subject `cache`, before the first, when two say different things of an image.
 */
export function mergeCaches(parts: readonly CachePart[]): Iterable<CacheEntry> {
  const owners = new Map<string, CachePart>();
  for (const part of parts)
    for (const name of part.cache.names()) {
      const owner = owners.get(name) ?? part;
      owners.set(name, owner);
      if (owner !== part && owner.cache.text(name) !== part.cache.text(name))
        throw new Invalid(
          'cache',
          `${part.name}: ${pointerOf(['indexes', name])}: is not what ${owner.name} has for the same image`,
        );
    }
  return indexes(owners);
}

function* indexes(owners: ReadonlyMap<string, CachePart>): Generator<CacheEntry> {
  for (const [name, { cache }] of [...owners].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const text = cache.text(name);
    if (text !== undefined) yield [name, text];
  }
}
