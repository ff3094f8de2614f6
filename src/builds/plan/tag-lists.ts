import type { Registry } from '../../registry/index.ts';
import type { Forecast } from './forecast.ts';
import type { IndexCache } from '../resolve/index-cache.ts';
import type { Ledger } from '../resolve/ledger.ts';
import type { StagingRepository } from '../resolve/staging.ts';
import { createTagList, type TagList } from './tag-list.ts';
import { pagesToRead } from './page-budget.ts';

/** The lists of tags of the repositories that builds are put into. */
export interface TagLists {
  /** Whether a tag is there, as far as was read. */
  has(stagingRepository: StagingRepository, tag: string): boolean | undefined;
  /** Pages read, of all lists. */
  readonly pages: number;
  /** How many images there are at the most, among those of a stagingRepository that nobody has a name for yet. */
  unclaimed(forecast: Forecast): number;
  /**
   * Reads on in the lists of which that is worth a request.
   * @param forecasts of all tagLists, as they are now
   * @returns whether any was
   */
  readOn(forecasts: readonly Forecast[]): Promise<boolean>;
}

export interface TagListsOptions {
  readonly registryOf: (host: string) => Registry;
  readonly cache: IndexCache;
  readonly ledger?: Ledger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing is read yet. */
export function createTagLists({ registryOf, cache, ledger, signal }: TagListsOptions): TagLists {
  const lists = new Map<string, TagList>();
  const listOf = ({ name, host, repository }: StagingRepository): TagList => {
    const known = lists.get(name);
    if (known !== undefined) return known;
    const list = createTagList({ registry: registryOf(host), repository, name, ledger, signal });
    lists.set(name, list);
    return list;
  };
  const byRepository = (forecasts: readonly Forecast[]): ReadonlyMap<TagList, readonly Forecast[]> => {
    const groups = new Map<TagList, Forecast[]>();
    for (const forecast of forecasts) {
      if (forecast.stagingRepository === undefined) continue;
      const list = listOf(forecast.stagingRepository);
      groups.set(list, [...(groups.get(list) ?? []), forecast]);
    }
    return groups;
  };
  return {
    has: (stagingRepository, tag) => listOf(stagingRepository).has(tag),
    get pages() {
      return [...lists.values()].reduce((sum, { pages }) => sum + pages, 0);
    },
    unclaimed({ stagingRepository, listed, open }) {
      if (stagingRepository === undefined || !listOf(stagingRepository).complete) return open;
      const { name, prefix, suffix } = stagingRepository;
      let free = 0;
      for (const tag of listOf(stagingRepository).tags)
        if (tag.startsWith(prefix) && tag.endsWith(suffix)) {
          const known = cache.has(`${name}:${tag}`);
          if (!known) free++;
        }
      return Math.min(open, Math.max(0, free - listed));
    },
    async readOn(forecasts) {
      const reads = [...byRepository(forecasts)].map(async ([list, theirs]) => {
        const pages = pagesToRead(list, theirs);
        for (let page = 0; page < pages && !list.ended; page++) await list.read();
        return pages > 0;
      });
      return (await Promise.all(reads)).includes(true);
    },
  };
}
