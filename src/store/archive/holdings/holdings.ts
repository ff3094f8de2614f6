import { printable, type Digest } from '../../../oci/index.ts';
import { isNotFound, RegistryError } from '../../../registry/index.ts';
import type { ArchiveFormat } from '../contents/contents.ts';
import { createManifests } from '../contents/manifests.ts';
import { closed, onDisk } from '../failure.ts';
import { stampOf } from '../file/bytes.ts';
import { createStaging, type Staging } from '../file/staging.ts';
import { againIfStale, stale } from '../file/stale.ts';
import { oneByOne, putInPlace } from '../file/turn.ts';
import { isCurrent, readBase, type ArchiveLimits } from './base.ts';
import { createLine } from './line.ts';
import { firstMoment, isWrittenOut, nextMoment, type Change, type Moment } from './moment.ts';
import { createStagedBlobs } from './staged.ts';
import type { Places, View } from './view.ts';

/** All that one archive holds, written out or not. */
export interface Holdings {
  readonly file: string;
  readonly repository: string;
  readonly staging: Staging;
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

/** @param file the path of the archive; it need not be there */
export function createHoldings(file: string, { repository, format, limits }: HoldingsOptions): Holdings {
  const staging = createStaging(file);
  const places: Places = { file, staged: createStagedBlobs(file), manifests: createManifests() };
  const { staged } = places;
  /** One reads the archive at a time, so that the many who meet a changed file do not read it each. */
  const readers = createLine();
  const writers = createLine();
  let journal: Change<unknown>[] = [];
  let latest: Moment | undefined;
  let isWritten = false;
  let isClosed = false;

  /** Reads the archive if it is not what it was, and makes the changes to it that were made to what it was. */
  const load = async (signal?: AbortSignal): Promise<Moment> => {
    if (isClosed) throw closed(file);
    const stamp = await onDisk(file, () => stampOf(file));
    if (latest !== undefined && isCurrent(latest.base, stamp)) return latest;
    const base = await onDisk(file, () =>
      readBase(file, { format, limits, staging, ...(signal && { signal }) }),
    );
    let fresh = firstMoment(places, base);
    try {
      // Also the changes that come meanwhile.
      for (const change of journal) fresh = await madeAgain(fresh, change);
    } catch (error) {
      await base.bytes.retire();
      throw error;
    }
    const before = latest;
    latest = fresh;
    await before?.base.bytes.retire();
    return fresh;
  };
  const madeAgain = async (moment: Moment, change: Change<unknown>): Promise<Moment> => {
    try {
      return (await nextMoment(places, moment, change)).moment;
    } catch (error) {
      // What was to be deleted is not there any more.
      if (isNotFound(error)) return moment;
      throw error;
    }
  };
  const loaded = (signal?: AbortSignal): Promise<Moment> => readers.next(() => load(signal));
  const currentOrNone = async (signal?: AbortSignal): Promise<View | undefined> => {
    const { base, view } = await loaded(signal);
    return base.stamp !== undefined || isWritten ? view : undefined;
  };

  const change = <T>(work: Change<T>, signal?: AbortSignal): Promise<T> =>
    writers.next(() =>
      againIfStale(async () => {
        signal?.throwIfAborted();
        const before = await loaded(signal);
        const { moment, result } = await nextMoment(places, before, work);
        // Whoever only read has met another file meanwhile.
        if (latest !== before) throw stale(file);
        journal.push(work);
        isWritten = true;
        latest = moment;
        return result;
      }),
    );

  return {
    file,
    repository,
    staging,
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
      isWritten = true;
      await staged.keep(digest, path, size);
      if (latest?.hidden.has(digest) === true) await change(async (draft) => void draft.gone.delete(digest));
    },
    settle: (write, signal) =>
      writers.next(async () => {
        // Whoever only reads has not to wait for who writes.
        if (isWrittenOut(places, await loaded(signal))) return;
        await againIfStale(() =>
          oneByOne(file, signal, async () => {
            const { base, view, hidden } = await loaded(signal);
            const release = staged.mark();
            await write(view, async (temporary, path) => {
              if (!isCurrent(base, await stampOf(file))) throw stale(file);
              await putInPlace(temporary, path, base.stamp === undefined);
            });
            const before = latest;
            [journal, latest] = [[], undefined];
            await before?.base.bytes.retire();
            const written = await loaded();
            await release((digest) => written.base.contents.blobs.has(digest) || hidden.has(digest));
          }),
        );
      }),
    async close() {
      isClosed = true;
      await writers.settled();
      await readers.settled();
      await latest?.base.bytes.retire();
      await staging.close();
    },
  };
}
