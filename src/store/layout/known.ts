import { isIndexType, type Descriptor, type Digest } from '../../oci/index.ts';
import { DOCUMENT_LIMIT } from '../../registry/index.ts';
import type { Documents } from './documents.ts';

/** How deep indexes may stand in one another. */
const DEPTH_LIMIT = 8;
/** How many manifests a layout may have. */
const NODE_LIMIT = 100_000;

/**
 * The manifests of a repository: those that `index.json` names, and those that indexes among them name, and so on.
 * Other tools put only the outermost in `index.json`. A blob that is not reached so is no manifest, whatever it says.
 */
export interface Known {
  readonly manifests: ReadonlyMap<Digest, Descriptor>;
  /** Why there may be more of them, when a limit was met. */
  readonly limit?: string;
  /** Whether all indexes could be read. One that is not there yet may come without any change to `index.json`. */
  readonly complete: boolean;
}

/**
 * Follows indexes, breadth first: the descriptor that a manifest is known by is the outermost.
 * Each digest is visited once, so that nothing that goes round in a circle keeps it busy.
 * @param removed indexes that are about to go, and lead nowhere any more
 */
export async function reach(
  entries: readonly Descriptor[],
  documents: Documents,
  removed: ReadonlySet<Digest> = new Set(),
): Promise<Known> {
  const manifests = new Map<Digest, Descriptor>();
  let limit: string | undefined;
  let complete = true;
  let level: readonly Descriptor[] = entries;
  for (let depth = 0; level.length > 0; depth++) {
    const next: Descriptor[] = [];
    for (const descriptor of level) {
      if (manifests.has(descriptor.digest)) continue;
      if (manifests.size >= NODE_LIMIT)
        return { manifests, limit: `it has more than ${NODE_LIMIT} manifests`, complete };
      manifests.set(descriptor.digest, descriptor);
      if (!isIndexType(descriptor.mediaType) || removed.has(descriptor.digest)) continue;
      if (depth === DEPTH_LIMIT) {
        limit = `indexes stand in one another more than ${DEPTH_LIMIT} deep`;
        continue;
      }
      if (descriptor.size > DOCUMENT_LIMIT)
        limit = `index ${descriptor.digest} is larger than ${DOCUMENT_LIMIT} bytes`;
      // Without a wait where it can be: there may be tens of thousands, and they are looked through at each change.
      const facts = documents.held(descriptor.digest) ?? (await documents.read(descriptor));
      if (facts === undefined) complete = false;
      else for (const child of facts.children) next.push(child);
    }
    level = next;
  }
  return { manifests, complete, ...(limit !== undefined && { limit }) };
}

/** Finds what is known, once for each version of the entries. */
export type Knowing = (entries: readonly Descriptor[]) => Promise<Known>;

/** Remembers what is reached from lists of entries, as long as anybody has the list. */
export function createKnowing(documents: Documents): Knowing {
  const remembered = new WeakMap<readonly Descriptor[], Promise<Known>>();
  return (entries) => {
    const held = remembered.get(entries);
    if (held !== undefined) return held;
    const known = reach(entries, documents).then((found) => {
      if (!found.complete) remembered.delete(entries);
      documents.trim(found.manifests);
      return found;
    });
    remembered.set(entries, known);
    known.catch(() => remembered.delete(entries));
    return known;
  };
}
