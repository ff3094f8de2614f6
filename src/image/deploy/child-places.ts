import type { Descriptor } from '../../oci/index.ts';
import type { DeployDocument } from './document.ts';
import type { Target, Targets } from './target.ts';

/** Where the children of a document's manifest are found, and theirs. */
export interface Lookup {
  /** Where those of the manifest itself are, unless the document says otherwise. */
  readonly start: Target;
  /** @param parent where what refers to it was found, which is where it is as well unless the document says otherwise */
  placeOf(child: Descriptor, parent: Target): Target;
}

/** What a document says of where things are. @param target where they are, if it does not say anything */
export function lookupOf({ lookup }: DeployDocument, target: Target, targets: Targets): Lookup {
  const fallback = lookup.get('');
  return {
    start: fallback === undefined ? target : targets(fallback),
    placeOf({ digest }, parent) {
      const named = lookup.get(digest);
      return named === undefined ? parent : targets(named);
    },
  };
}
