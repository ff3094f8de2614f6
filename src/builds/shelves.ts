import type { Registry } from '../registry/index.ts';
import type { Outlook } from './foresight.ts';
import type { IndexCache } from './index-cache.ts';
import type { Ledger } from './ledger.ts';
import type { Shelf } from './staging.ts';
import { createTagList, type TagList } from './tag-list.ts';
import { worthReading } from './worth.ts';

/** The lists of tags of the repositories that builds are put into. */
export interface Shelves {
  /** Whether a tag is there, as far as was read. */
  has(shelf: Shelf, tag: string): boolean | undefined;
  /** Pages read, of all lists. */
  readonly pages: number;
  /** How many images there are at the most, among those of a shelf that nobody has a name for yet. */
  unclaimed(outlook: Outlook): number;
  /**
   * Reads on in the lists of which that is worth a request.
   * @param outlooks of all shelves, as they are now
   * @returns whether any was
   */
  readOn(outlooks: readonly Outlook[]): Promise<boolean>;
}

export interface ShelvesOptions {
  readonly registryOf: (host: string) => Registry;
  readonly cache: IndexCache;
  readonly ledger?: Ledger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing is read yet. */
export function createShelves({ registryOf, cache, ledger, signal }: ShelvesOptions): Shelves {
  const lists = new Map<string, TagList>();
  const listOf = ({ name, host, repository }: Shelf): TagList => {
    const known = lists.get(name);
    if (known !== undefined) return known;
    const list = createTagList({ registry: registryOf(host), repository, name, ledger, signal });
    lists.set(name, list);
    return list;
  };
  const byRepository = (outlooks: readonly Outlook[]): ReadonlyMap<TagList, readonly Outlook[]> => {
    const groups = new Map<TagList, Outlook[]>();
    for (const outlook of outlooks) {
      if (outlook.shelf === undefined) continue;
      const list = listOf(outlook.shelf);
      groups.set(list, [...(groups.get(list) ?? []), outlook]);
    }
    return groups;
  };
  return {
    has: (shelf, tag) => listOf(shelf).has(tag),
    get pages() {
      return [...lists.values()].reduce((sum, { pages }) => sum + pages, 0);
    },
    unclaimed({ shelf, listed, open }) {
      if (shelf === undefined || !listOf(shelf).complete) return open;
      const { name, prefix, suffix } = shelf;
      let free = 0;
      for (const tag of listOf(shelf).tags)
        if (tag.startsWith(prefix) && tag.endsWith(suffix)) {
          const known = cache.has(`${name}:${tag}`);
          if (!known) free++;
        }
      return Math.min(open, Math.max(0, free - listed));
    },
    async readOn(outlooks) {
      const reads = [...byRepository(outlooks)].map(async ([list, theirs]) => {
        const pages = worthReading(list, theirs);
        for (let page = 0; page < pages && !list.ended; page++) await list.read();
        return pages > 0;
      });
      return (await Promise.all(reads)).includes(true);
    },
  };
}
