import { reach, type Known } from '../../layout-index/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import type { Documents } from './documents.ts';

/** Finds what is known, once for each version of the entries. */
export type Knowing = (entries: readonly Descriptor[]) => Promise<Known>;

/** Remembers what is reached from lists of entries, as long as anybody has the list. */
export function createKnowing(documents: Documents): Knowing {
  const remembered = new WeakMap<readonly Descriptor[], Promise<Known>>();
  return (entries) => {
    const held = remembered.get(entries);
    if (held !== undefined) return held;
    const known = reach(entries, documents.read).then((found) => {
      if (!found.complete) remembered.delete(entries);
      documents.trim(found.manifests);
      return found;
    });
    remembered.set(entries, known);
    known.catch(() => remembered.delete(entries));
    return known;
  };
}
