import { rm } from 'node:fs/promises';
import {
  createNameIndex,
  reach,
  type EntriesDraft,
  type Known,
  type LayoutIndex,
  type NameIndex,
} from '../../layout-index/index.ts';
import { printable, type Descriptor, type Digest } from '../../oci/index.ts';
import { isNotFound, RegistryError } from '../../registry/index.ts';
import { isCurrent, readBase, type ArchiveLimits, type Base } from './base.ts';
import { blobAt, isStale, stagedBlob, stale, type FindBlob } from './blob.ts';
import { stampOf } from './bytes.ts';
import type { ArchiveFormat } from './contents.ts';
import { closed, onDisk } from './failure.ts';
import { createManifests, type Manifests } from './manifests.ts';
import { createStaging, type Staging } from './staging.ts';
import { oneByOne, putInPlace } from './turn.ts';

/** What there is at one moment: what the archive has, and what was written since. */
export interface View {
  readonly index: LayoutIndex;
  readonly entries: readonly Descriptor[];
  readonly names: NameIndex;
  readonly find: FindBlob;
  /** All blobs that are there, in no order. */
  digests(): Iterable<Digest>;
  /** The manifests that the entries lead to. */
  readonly known: () => Promise<Known>;
}

/** What is done to the entries; done again when the file turns out to have been replaced by somebody else meanwhile. */
export type Change<T> = (draft: EntriesDraft) => Promise<T>;

/** All that one archive holds, written out or not. */
export interface Holdings {
  readonly file: string;
  readonly repository: string;
  readonly staging: Staging;
  readonly manifests: Manifests;
  /** What is there now; undefined where there is no file, and nothing was written. @throws {RegistryError} `ARCHIVE_INVALID`. */
  currentOrNone(signal?: AbortSignal): Promise<View | undefined>;
  /** The same. @throws {RegistryError} `NAME_UNKNOWN` where there is nothing. */
  current(signal?: AbortSignal): Promise<View>;
  /** Makes a change; one after the other. */
  change<T>(change: Change<T>, signal?: AbortSignal): Promise<T>;
  /** Takes a file of the staging folder as a blob. */
  keep(digest: Digest, path: string, size: number): Promise<void>;
  /**
   * Writes all of it out, while nothing changes; nothing is written if nothing did.
   * @param write is given what there is, and writes a file, which it has `place` put into its place: that fails if
   *   somebody else was faster, and then all of it is done again
   */
  settle(
    write: (view: View, place: (temporary: string, path: string) => Promise<void>) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Settings of what an archive holds. */
export interface HoldingsOptions {
  readonly repository: string;
  readonly format: ArchiveFormat;
  readonly limits: ArchiveLimits | undefined;
}

interface Staged {
  readonly path: string;
  readonly size: number;
}

interface Loaded {
  readonly base: Base;
  readonly view: View;
}

/** @param file the path of the archive; it need not be there */
export function createHoldings(file: string, { repository, format, limits }: HoldingsOptions): Holdings {
  const staging = createStaging(file);
  const manifests = createManifests();
  const staged = new Map<Digest, Staged>();
  let journal: Change<unknown>[] = [];
  let base: Base | undefined;
  let view: View | undefined;
  /** What was deleted, and is there still. */
  let hidden: ReadonlySet<Digest> = new Set();
  let isWritten = false;
  let isClosed = false;
  let loading: Promise<unknown> = Promise.resolve();
  let changing: Promise<unknown> = Promise.resolve();

  const finder =
    (from: Base, without: ReadonlySet<Digest>): FindBlob =>
    (digest) => {
      if (without.has(digest)) return undefined;
      const own = staged.get(digest);
      if (own !== undefined) return stagedBlob(file, own.path, own.size);
      const place = from.contents.blobs.get(digest);
      return place && blobAt(file, from.bytes, place);
    };
  const viewOf = (from: Base, entries: readonly Descriptor[], without: ReadonlySet<Digest>): View => {
    const find = finder(from, without);
    let known: Promise<Known> | undefined;
    let names: NameIndex | undefined;
    return {
      index: { ...from.contents.index, entries },
      entries,
      find,
      digests: () =>
        new Set([...from.contents.blobs.keys(), ...staged.keys()].filter((digest) => !without.has(digest))),
      get names() {
        return (names ??= createNameIndex(entries));
      },
      known() {
        const mine = (known ??= reach(entries, (each) => manifests.read(each, find)).then((found) => {
          // An index that is not there yet may come without any change to the entries.
          if (!found.complete) known = undefined;
          return found;
        }));
        mine.catch(() => (known = undefined));
        return mine;
      },
    };
  };
  const draftOf = (from: Base, seen: View, without: ReadonlySet<Digest>): EntriesDraft => {
    const deleted = new Set(without);
    const find = finder(from, deleted);
    const draft: EntriesDraft = {
      entries: seen.entries,
      gone: deleted,
      has: (digest) => find(digest) !== undefined,
      read: (descriptor) => manifests.read(descriptor, find),
      known: () =>
        draft.entries === seen.entries && deleted.size === without.size
          ? seen.known()
          : reach(draft.entries, draft.read),
    };
    return draft;
  };

  /** Reads the archive if it is not what it was, and makes the changes to it that were made to what it was. */
  const load = async (signal?: AbortSignal): Promise<Loaded> => {
    if (isClosed) throw closed(file);
    const stamp = await onDisk(file, () => stampOf(file));
    if (base !== undefined && view !== undefined && isCurrent(base, stamp)) return { base, view };
    const fresh = await onDisk(file, () =>
      readBase(file, { format, limits, staging, ...(signal && { signal }) }),
    );
    let seen = viewOf(fresh, fresh.contents.index.entries, new Set());
    let without: ReadonlySet<Digest> = new Set();
    try {
      for (const change of journal) {
        const draft = draftOf(fresh, seen, without);
        try {
          await change(draft);
        } catch (error) {
          // What was to be deleted is not there any more.
          if (isNotFound(error)) continue;
          throw error;
        }
        without = draft.gone;
        seen = viewOf(fresh, draft.entries, without);
      }
    } catch (error) {
      await fresh.bytes.retire();
      throw error;
    }
    await base?.bytes.retire();
    [base, view, hidden] = [fresh, seen, without];
    return { base, view };
  };
  /** One at a time, so that the many who meet a changed file do not read it each. */
  const loaded = (signal?: AbortSignal): ReturnType<typeof load> => {
    const mine = loading.then(
      () => load(signal),
      () => load(signal),
    );
    loading = mine;
    mine.catch(() => {});
    return mine;
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = changing.then(work, work);
    changing = mine;
    mine.catch(() => {});
    return mine;
  };
  const currentOrNone = async (signal?: AbortSignal): Promise<View | undefined> => {
    const { base: from, view: seen } = await loaded(signal);
    return from.stamp !== undefined || isWritten ? seen : undefined;
  };

  /** Whether the file has all that there is. */
  const isSettled = ({ base: { stamp, contents }, view: { entries } }: Loaded): boolean =>
    stamp !== undefined && staged.size === 0 && hidden.size === 0 && entries === contents.index.entries;

  const change = <T>(work: Change<T>, signal?: AbortSignal): Promise<T> =>
    inTurn(() =>
      againIfStale(async () => {
        signal?.throwIfAborted();
        const { base: from, view: seen } = await loaded(signal);
        const draft = draftOf(from, seen, hidden);
        const result = await work(draft);
        // Whoever replaces the file meanwhile is seen by the next who asks, and then all of the journal is made anew.
        journal.push(work);
        isWritten = true;
        hidden = draft.gone;
        view = viewOf(from, draft.entries, hidden);
        return result;
      }),
    );

  return {
    file,
    repository,
    staging,
    manifests,
    currentOrNone,
    async current(signal) {
      const seen = await currentOrNone(signal);
      if (seen !== undefined) return seen;
      throw new RegistryError('NAME_UNKNOWN', `there is no archive ${printable(file, 260)}`, {
        status: 404,
        repository,
      });
    },
    change,
    async keep(digest, path, size) {
      const other = staged.get(digest);
      staged.set(digest, { path, size });
      isWritten = true;
      if (other !== undefined) await rm(other.path, { force: true });
      if (hidden.has(digest)) await change(async (draft) => void draft.gone.delete(digest));
    },
    settle: (write, signal) =>
      inTurn(async () => {
        // Whoever only reads has not to wait for who writes.
        if (isSettled(await loaded(signal))) return;
        await againIfStale(() =>
          oneByOne(file, signal, async () => {
            const { base: from, view: seen } = await loaded(signal);
            await write(seen, async (temporary, path) => {
              if (!isCurrent(from, await stampOf(file))) throw stale(file);
              await putInPlace(temporary, path, from.stamp === undefined);
            });
            const deleted = hidden;
            await base?.bytes.retire();
            [journal, hidden, base] = [[], new Set(), undefined];
            const { base: written } = await loaded();
            for (const [digest, { path }] of staged) {
              if (!written.contents.blobs.has(digest) && !deleted.has(digest)) continue;
              staged.delete(digest);
              await rm(path, { force: true });
            }
          }),
        );
      }),
    async close() {
      isClosed = true;
      await changing.catch(() => {});
      await loading.catch(() => {});
      await base?.bytes.retire();
      await staging.close();
    },
  };
}

/** How often is begun anew when somebody replaces the file all the time. */
const ATTEMPTS = 3;

async function againIfStale<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isStale(error) || attempt === ATTEMPTS) throw error;
    }
  }
}
