import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { blobPath, statBlob } from './blob-file.ts';
import type { Documents } from './documents.ts';
import type { Disk } from './durable.ts';
import { PRIVATE } from './folder.ts';
import {
  EMPTY_INDEX,
  ENTRY_LIMIT,
  INDEX_LIMIT,
  LAYOUT_VERSION,
  NO_FACTS,
  reach,
  type EntriesDraft,
  type LayoutIndex,
} from '../../layout-index/index.ts';
import type { Knowing } from './known.ts';
import { withLock } from './lock.ts';
import type { IndexReader, LayoutPlace } from './snapshot.ts';
import { randomName } from './temporary.ts';

/** The entries as they will be. The files of manifests that are gone go when the entries are written. */
export interface Draft extends EntriesDraft {
  /** Whether the layout is there; if not, a change that succeeds makes it. */
  readonly exists: boolean;
}

/** What is done to the entries, while nobody else changes them. */
export type Change<T> = (draft: Draft) => Promise<T>;

/** Changes the `index.json` of one layout. */
export interface Changes {
  /**
   * Makes a change, and waits until it is on the disk.
   * @throws {RegistryError} `LAYOUT_INVALID`, and what the change throws; the entries are as before then.
   */
  make<T>(change: Change<T>, signal?: AbortSignal): Promise<T>;
}

/** What changes are made with. */
export interface ChangeParts {
  readonly place: LayoutPlace;
  readonly index: IndexReader;
  readonly knowing: Knowing;
  readonly documents: Documents;
  readonly disk: Disk;
}

interface Waiting {
  apply(draft: Draft): Promise<void>;
  succeed(): void;
  fail(error: unknown): void;
  readonly signal: AbortSignal | undefined;
}

/**
 * One writer at a time among all processes, by a lock; and within this one, all changes that wait for it are
 * made in one go: the file is written once for all of them, and each is answered when that has happened.
 */
export function createChanges(parts: ChangeParts): Changes {
  const { place, index, documents, disk } = parts;
  const waiting: Waiting[] = [];
  let busy = false;

  const makeAll = async (): Promise<void> => {
    const done: Waiting[] = [];
    try {
      const current = (await index.currentOrNone()) ?? EMPTY_INDEX;
      const exists = current !== EMPTY_INDEX;
      let draft = createDraft(current.entries, exists, new Set(), parts);
      for (const change of waiting.splice(0)) {
        const attempt = createDraft(draft.entries, exists || done.length > 0, new Set(draft.gone), parts);
        try {
          change.signal?.throwIfAborted();
          await change.apply(attempt);
          checkCount(attempt.entries);
          draft = attempt;
          done.push(change);
        } catch (error) {
          change.fail(error);
        }
      }
      if (done.length === 0) return;
      if (!exists || draft.entries !== current.entries)
        await write({ fields: current.fields, entries: draft.entries }, exists);
      // After the entries, so that no entry is ever without its file; within the lock, so that none comes back.
      for (const digest of draft.gone) await remove(digest);
      for (const change of done) change.succeed();
    } catch (error) {
      for (const change of done) change.fail(error);
      throw error;
    }
  };
  const remove = async (digest: Digest): Promise<void> => {
    const path = blobPath(place.path, digest);
    if (path !== undefined) await rm(path, { force: true });
    documents.forget(digest);
  };
  const write = async (changed: LayoutIndex, exists: boolean): Promise<void> => {
    const text = index.format(changed);
    const { bytes } = text;
    if (bytes.length > INDEX_LIMIT) throw tooLarge(`${bytes.length} bytes, more than ${INDEX_LIMIT}`);
    const temporaries = join(place.path, PRIVATE, 'tmp');
    await disk.makeFolder(temporaries);
    if (!exists) {
      await disk.makeFolder(join(place.path, 'blobs'));
      await disk.replaceFile(join(place.path, 'oci-layout'), LAYOUT_VERSION, join(temporaries, randomName()));
    }
    await disk.replaceFile(join(place.path, 'index.json'), bytes, join(temporaries, randomName()));
    await index.written(text);
  };
  const checkCount = (entries: readonly Descriptor[]): void => {
    if (entries.length > ENTRY_LIMIT) throw tooLarge(`${entries.length} entries, more than ${ENTRY_LIMIT}`);
  };
  const tooLarge = (what: string): RegistryError =>
    new RegistryError('DENIED', `index.json of ${place.repository} would have ${what}`, {
      status: 403,
      repository: place.repository,
    });

  const run = async (): Promise<void> => {
    busy = true;
    try {
      while (waiting.length > 0) {
        await disk.makeFolder(join(place.path, PRIVATE));
        await withLock(join(place.path, PRIVATE, 'lock'), makeAll);
        // The kernel has woken the others that wait for the lock; they are to get it before we ask again.
        if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      for (const change of waiting.splice(0)) change.fail(error);
    } finally {
      busy = false;
    }
  };
  return {
    make<T>(change: Change<T>, signal?: AbortSignal): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T };
        const abort = (): void => {
          const at = waiting.indexOf(entry);
          if (at < 0) return;
          waiting.splice(at, 1);
          entry.fail(signal?.reason);
        };
        const entry: Waiting = {
          signal,
          apply: async (draft) => {
            result = { value: await change(draft) };
          },
          succeed() {
            signal?.removeEventListener('abort', abort);
            resolve(result.value);
          },
          fail(error) {
            signal?.removeEventListener('abort', abort);
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an error of the change itself, or a signal's reason
            reject(error);
          },
        };
        signal?.addEventListener('abort', abort);
        waiting.push(entry);
        if (!busy) void run();
      });
    },
  };
}

function createDraft(
  entries: readonly Descriptor[],
  exists: boolean,
  gone: Set<Digest>,
  { place, knowing, documents }: ChangeParts,
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
