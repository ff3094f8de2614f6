import { reach, type EntriesDraft } from '../../../layout-index/index.ts';
import type { Digest } from '../../../oci/index.ts';
import type { Base } from './base.ts';
import { createView, finder, type Places, type View } from './view.ts';

/** What there is, between one change and the next. */
export interface Moment {
  readonly base: Base;
  readonly view: View;
  /** What was deleted, and is in the archive still. */
  readonly hidden: ReadonlySet<Digest>;
}

/** The entries of an archive while a change is made to them. */
export interface ArchiveDraft extends EntriesDraft {
  readonly find: View['find'];
  readonly read: View['read'];
  /** The blobs that the file has, but for those that were deleted. */
  archived(): readonly Digest[];
}

/** What is done to the entries; done again when the file turns out to have been replaced by somebody else meanwhile. */
export type Change<T> = (draft: ArchiveDraft) => Promise<T>;

/** What there is in an archive to which nothing was done. */
export function firstMoment(places: Places, base: Base): Moment {
  const hidden = new Set<Digest>();
  return { base, hidden, view: createView(places, base, base.contents.index.entries, hidden) };
}

/** What there is when a change was made. @throws what the change throws */
export async function nextMoment<T>(
  places: Places,
  { base, view, hidden }: Moment,
  change: Change<T>,
): Promise<{ readonly moment: Moment; readonly result: T }> {
  const draft = createDraft(places, { base, view, hidden });
  const result = await change(draft);
  const next = createView(places, base, draft.entries, draft.gone);
  return { moment: { base, hidden: draft.gone, view: next }, result };
}

function createDraft(places: Places, { base, view, hidden }: Moment): ArchiveDraft {
  const gone = new Set(hidden);
  const find = finder(places, base, gone);
  const draft: ArchiveDraft = {
    entries: view.entries,
    gone,
    find,
    archived: () => [...base.contents.blobs.keys()].filter((digest) => !gone.has(digest)),
    has: (digest) => find(digest) !== undefined,
    read: (descriptor) => places.manifests.read(descriptor, find),
    known: () =>
      draft.entries === view.entries && gone.size === hidden.size
        ? view.known()
        : reach(draft.entries, draft.read),
  };
  return draft;
}

/** Whether the archive has all that there is, and nothing else. */
export function isWrittenOut({ staged }: Places, { base, view, hidden }: Moment): boolean {
  const { stamp, contents } = base;
  const isSame = hidden.size === 0 && view.entries === contents.index.entries;
  return stamp !== undefined && staged.size === 0 && isSame;
}
