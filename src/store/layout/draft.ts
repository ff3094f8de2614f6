import { NO_FACTS, reach, type EntriesDraft } from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { statBlob } from './blob-file.ts';
import type { Documents } from './documents.ts';
import type { Knowing } from './known.ts';
import type { LayoutPlace } from './snapshot.ts';

/** The entries as they will be. The files of manifests that are gone go when the entries are written. */
export interface Draft extends EntriesDraft {
  /** Whether the layout is there; if not, a change that succeeds makes it. */
  readonly exists: boolean;
}

/** What is done to the entries, while nobody else changes them. */
export type Change<T> = (draft: Draft) => Promise<T>;

/** What drafts are made with. */
export interface DraftParts {
  readonly place: LayoutPlace;
  readonly knowing: Knowing;
  readonly documents: Documents;
}

/** What a change is given: entries, whether the layout is there, and what changes before it have deleted. */
export function createDraft(
  { place, knowing, documents }: DraftParts,
  entries: readonly Descriptor[],
  exists: boolean,
  gone: Set<Digest>,
): Draft {
  const draft: Draft = {
    entries,
    exists,
    gone,
    has: async (digest) => !gone.has(digest) && (await statBlob(place.path, digest)) !== undefined,
    // Indexes that are about to go lead nowhere any more.
    read: (descriptor) => (gone.has(descriptor.digest) ? NO_FACTS : documents.read(descriptor)),
    known: () => (gone.size === 0 ? knowing(draft.entries) : reach(draft.entries, draft.read)),
  };
  return draft;
}
