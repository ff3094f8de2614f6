import { isIndexType, type Descriptor, type Digest } from '../oci/index.ts';
import { DOCUMENT_LIMIT } from '../registry/index.ts';
import type { ReadFacts } from './facts.ts';

/** How deep indexes may stand in one another. */
const DEPTH_LIMIT = 8;
/** How many manifests a place may have. */
const NODE_LIMIT = 100_000;

/**
 * The manifests of a layout or an archive: those that `index.json` names, and those that indexes among them name, and so
 * on. Other tools put only the outermost in `index.json`. A blob that is not reached so is no manifest, whatever it says.
 */
export interface Known {
  /** With the descriptor by which each is known: the outermost. */
  readonly manifests: ReadonlyMap<Digest, Descriptor>;
  /** Why there may be more of them, when a limit was met. */
  readonly limit?: string;
  /** Whether all indexes could be read. One that is not there yet may come without any change to `index.json`. */
  readonly complete: boolean;
}

/**
 * Follows indexes, breadth first. Each digest is visited once, so that nothing that goes round in a circle keeps it busy.
 * @param read is waited for only where it has to be: there may be tens of thousands, and they are looked through at each
 *   change
 */
export async function reach(entries: readonly Descriptor[], read: ReadFacts): Promise<Known> {
  const manifests = new Map<Digest, Descriptor>();
  let limit: string | undefined;
  let complete = true;
  let level: readonly Descriptor[] = entries;
  for (let depth = 0; level.length > 0; depth++) {
    const next: Descriptor[] = [];
    for (const descriptor of level) {
      const { digest, mediaType, size } = descriptor;
      if (manifests.has(digest)) continue;
      if (manifests.size >= NODE_LIMIT)
        return { manifests, limit: `it has more than ${NODE_LIMIT} manifests`, complete };
      manifests.set(digest, descriptor);
      if (!isIndexType(mediaType)) continue;
      if (depth === DEPTH_LIMIT) {
        limit = `indexes stand in one another more than ${DEPTH_LIMIT} deep`;
      } else if (size > DOCUMENT_LIMIT) {
        limit = `index ${digest} is larger than ${DOCUMENT_LIMIT} bytes`;
      } else {
        const found = read(descriptor);
        const facts = found instanceof Promise ? await found : found;
        if (facts === undefined) complete = false;
        else for (const child of facts.children) next.push(child);
      }
    }
    level = next;
  }
  return { manifests, complete, ...(limit !== undefined && { limit }) };
}
