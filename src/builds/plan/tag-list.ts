import { errorCode, isRegistryError, type Registry } from '../../registry/index.ts';
import type { Ledger } from '../resolve/ledger.ts';

/** What a repository's list of tags says, as far as it was read. */
export interface TagList {
  /** Pages read. */
  readonly pages: number;
  /** Whether there is nothing more to read, or nothing that can be. */
  readonly ended: boolean;
  /** All tags, where the list was read to its end. */
  readonly tags: ReadonlySet<string>;
  readonly complete: boolean;
  /** The tag up to which it is known what there is; undefined where nothing can be said. */
  readonly reach: string | undefined;
  /** Reads a page. */
  read(): Promise<void>;
  /** Whether a tag is there, as far as the list tells. */
  has(tag: string): boolean | undefined;
}

export interface TagListOptions {
  readonly registry: Registry;
  readonly repository: string;
  /** The repository with its registry, as others call it with whom the list is shared. */
  readonly name: string;
  readonly ledger?: Ledger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A page of a list. */
interface Page {
  readonly tags: readonly string[];
  /** Whether another may follow; `useless` where the list cannot be had. */
  readonly end: 'more' | 'last' | 'useless';
}

/** Docker Hub and ECR give no more at once, others less. */
const PAGE_SIZE = 1000;

/**
 * A list of tags that is read page by page, as long as that is worth it. It is only ever a short cut: where a registry
 * does not give lists, or not in order, less is known, and nothing is wrong.
 */
export function createTagList({ registry, repository, name, ledger, signal }: TagListOptions): TagList {
  const tags = new Set<string>();
  let [pages, end, reach, ordered] = [0, 'more' as Page['end'], undefined as string | undefined, true];
  const shared = async (after: string | undefined): Promise<Page> => {
    const ask = (): Promise<Page> => readPage(registry, repository, after, signal);
    if (ledger === undefined) return ask();
    const key = `tags ${name} ${pages}`;
    return JSON.parse(await ledger.once(key, async () => JSON.stringify(await ask()))) as Page;
  };
  return {
    tags,
    get pages() {
      return pages;
    },
    get ended() {
      return end !== 'more';
    },
    get complete() {
      return end === 'last';
    },
    get reach() {
      return ordered ? reach : undefined;
    },
    async read() {
      const page = await shared(reach);
      pages++;
      end = page.end;
      for (const tag of page.tags) {
        tags.add(tag);
        // Some registries have an order of their own: what is missing may yet come.
        if (reach !== undefined && tag <= reach) ordered = false;
        else reach = tag;
      }
      if (page.tags.length === 0 && end === 'more') end = 'useless';
    },
    has(tag) {
      if (tags.has(tag)) return true;
      if (end === 'last') return false;
      return ordered && reach !== undefined && tag <= reach ? false : undefined;
    },
  };
}

async function readPage(
  registry: Registry,
  repository: string,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const tags: string[] = [];
  let isLast = true;
  try {
    const list = registry.tags(repository, {
      pageSize: PAGE_SIZE,
      // Registries may have pages shorter than was asked for, and each costs a request.
      goOn: () => (isLast = false),
      ...(after !== undefined && { after }),
      ...(signal !== undefined && { signal }),
    });
    for await (const tag of list) tags.push(tag);
    return { tags, end: isLast ? 'last' : 'more' };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    // Without the repository there are no tags. Other refusals say nothing of the images, which may be asked for.
    return errorCode(error) === 'NAME_UNKNOWN' ? { tags: [], end: 'last' } : { tags: [], end: 'useless' };
  }
}
