import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../disk/index.ts';
import { EMPTY_INDEX } from '../../layout-index/index.ts';
import type { Digest } from '../../oci/index.ts';
import { blobPath } from './blob-file.ts';
import { createDraft, type Change, type Draft, type DraftParts } from './draft.ts';
import type { Disk } from './durable.ts';
import { PRIVATE } from './folder.ts';
import { createGroup, type Waiting } from './group.ts';
import { createIndexWriter } from './index-writer.ts';
import type { IndexReader } from './snapshot.ts';

/** Changes the `index.json` of one layout. */
export interface Changes {
  /**
   * Makes a change, and waits until it is on the disk.
   * @throws {RegistryError} `LAYOUT_INVALID`, and what the change throws; the entries are as before then.
   */
  make<T>(change: Change<T>, signal?: AbortSignal): Promise<T>;
}

/** What changes are made with. */
export interface ChangeParts extends DraftParts {
  readonly index: IndexReader;
  readonly disk: Disk;
}

/**
 * One writer at a time among all processes, by a lock; and within this one, all changes that wait for it are
 * made in one go: the file is written once for all of them, and each is answered when that has happened.
 */
export function createChanges(parts: ChangeParts): Changes {
  const { place, index, documents, disk } = parts;
  const writer = createIndexWriter(place, index, disk);

  const remove = async (digest: Digest): Promise<void> => {
    const path = blobPath(place.path, digest);
    if (path !== undefined) await rm(path, { force: true });
    documents.forget(digest);
  };
  const makeAll = async (ready: () => readonly Waiting<Draft>[]): Promise<void> => {
    const done: Waiting<Draft>[] = [];
    try {
      const current = (await index.currentOrNone()) ?? EMPTY_INDEX;
      const exists = current !== EMPTY_INDEX;
      let draft = createDraft(parts, current.entries, exists, new Set());
      for (const change of ready()) {
        const attempt = createDraft(parts, draft.entries, exists || done.length > 0, new Set(draft.gone));
        try {
          change.signal?.throwIfAborted();
          await change.apply(attempt);
          writer.check(attempt.entries);
          draft = attempt;
          done.push(change);
        } catch (error) {
          change.fail(error);
        }
      }
      if (done.length === 0) return;
      if (!exists || draft.entries !== current.entries)
        await writer.write({ fields: current.fields, entries: draft.entries }, exists);
      // After the entries, so that no entry is ever without its file; within the lock, so that none comes back.
      for (const digest of draft.gone) await remove(digest);
      for (const change of done) change.succeed();
    } catch (error) {
      for (const change of done) change.fail(error);
      throw error;
    }
  };
  const group = createGroup<Draft>(async (ready) => {
    await disk.makeFolder(join(place.path, PRIVATE));
    await withLock(join(place.path, PRIVATE, 'lock'), () => makeAll(ready));
  });
  return { make: (change, signal) => group.join(change, signal) };
}
