import { lstat, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../disk/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { abreast } from './abreast.ts';
import { isNewer, lstatOrNone } from './age.ts';
import { blobPath } from './blob-file.ts';
import { blobFiles } from './blob-files.ts';
import type { Amount, CollectRules } from './collect-rules.ts';
import { removeQuietly } from './durable.ts';
import { isAbsent, systemCode } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { findKept, type Kept, type KeepingParts } from './keeping.ts';
import { sweepLeftovers } from './leftovers.ts';
import { tryLink } from './pool.ts';
import type { Repository } from './repository.ts';
import { randomName } from './temporary.ts';
import { createTrail } from './trail.ts';

/** What came of the collection in one layout. */
export interface CollectedBlobs {
  /** What is led to. */
  readonly kept: Amount;
  /** What nothing leads to, but is too new to go. */
  readonly young: Amount;
}

/** How long the lock is held at a time, in milliseconds, so that writers need not wait for the end of it all. */
const TURN = 100;
/** How many blobs are looked at at a time, before it begins. */
const ABREAST = 16;

interface Blob {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
}

/**
 * Removes from one layout what its `index.json` does not lead to.
 *
 * Writers of ours enter manifests under the lock, and look there whether all is still there that the manifest refers to;
 * we remove under the same lock what is not led to at that moment. So nothing that an entry leads to is ever removed,
 * at whatever moment either is killed. The grace is for those who are on their way there, and for other tools, which take
 * no lock.
 */
export async function collectIn(repository: Repository, rules: CollectRules): Promise<CollectedBlobs> {
  const { index, path: layout, disk } = repository;
  const { grace, dryRun, signal, tell } = rules;
  const blobs = await blobsOf(layout);
  const parts: KeepingParts = {
    place: repository,
    trail: createTrail(repository),
    blobs: blobs.map(({ digest }) => digest),
    isYoung: async (digest) => {
      const path = blobPath(layout, digest);
      const found = path === undefined ? undefined : await lstatOrNone(path);
      return found !== undefined && isNewer(found, grace);
    },
  };
  // All that there is to be read is read before anybody has to wait for us.
  const first = await keptNow(repository, parts, !rules.unnamed);
  let { kept } = first;
  if (kept.entries.length < first.entries.length) {
    const dropped = dryRun
      ? lacking(first.entries, kept.entries)
      : await dropEntries(repository, parts, signal);
    for (const descriptor of dropped) tell({ type: 'entry', repository: repository.repository, descriptor });
  }

  const sweep = createSweep(repository, rules);
  if (dryRun) for (const blob of blobs) await sweep.visit(blob, kept);
  if (!dryRun) await disk.makeFolder(join(layout, PRIVATE, 'tmp'));
  let entries: readonly Descriptor[] | undefined;
  let at = dryRun ? blobs.length : 0;
  const turn = async (): Promise<void> => {
    if ((await index.current()).entries !== entries)
      ({ entries, kept } = await keptNow(repository, parts, true));
    for (const end = performance.now() + TURN; at < blobs.length && performance.now() < end; at++) {
      signal?.throwIfAborted();
      const blob = blobs[at];
      if (blob === undefined) continue;
      // Another tool has changed it: they take no lock.
      if (!kept.digests.has(blob.digest) && (await index.current()).entries !== entries) return;
      await sweep.visit(blob, kept);
    }
  };
  while (at < blobs.length) {
    signal?.throwIfAborted();
    await withLock(join(layout, PRIVATE, 'lock'), turn);
    // The kernel has woken those who wait for the lock; they are to get it before we ask again.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sweepLeftovers(repository, rules);
  return sweep.amounts();
}

/** What stays by the entries as they are now, with these. */
async function keptNow(
  { index }: Repository,
  parts: KeepingParts,
  keepUnnamed: boolean,
): Promise<{ readonly entries: readonly Descriptor[]; readonly kept: Kept }> {
  for (;;) {
    const { entries } = await index.current();
    try {
      return { entries, kept: await findKept(entries, parts, keepUnnamed) };
    } catch (error) {
      // A writer may have taken away what we were about to read; its entry went before, so that this shows.
      if ((await index.current()).entries === entries) throw error;
    }
  }
}

/** Takes entries out of `index.json` that have no name and that nothing else leads to. Their blobs are garbage then. */
function dropEntries(
  { changes }: Repository,
  parts: KeepingParts,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  return changes.make(async (draft) => {
    const before = draft.entries;
    const { entries } = await findKept(before, parts, false);
    if (entries.length < before.length) draft.entries = entries;
    return lacking(before, entries);
  }, signal);
}

function lacking(entries: readonly Descriptor[], others: readonly Descriptor[]): readonly Descriptor[] {
  const there = new Set(others);
  return entries.filter((entry) => !there.has(entry));
}

interface Sweep {
  /** Removes a blob, if nothing leads to it and it is no longer of late. */
  visit(blob: Blob, kept: Kept): Promise<void>;
  amounts(): CollectedBlobs;
}

function createSweep({ path: layout, repository }: Repository, rules: CollectRules): Sweep {
  const { grace, dryRun, tell, release } = rules;
  let kept: Amount = { count: 0, size: 0 };
  let young: Amount = { count: 0, size: 0 };
  const remove = async (path: string): Promise<'removed' | 'young' | 'gone'> => {
    const seen = await lstatOrNone(path);
    if (seen === undefined || !seen.isFile()) return 'gone';
    if (isNewer(seen, grace)) return 'young';
    if (dryRun) return 'removed';
    // First out of reach, and then looked at again: who found the blob here for a push of its own has renewed it by then,
    // or does not find it any more.
    const aside = join(layout, PRIVATE, 'tmp', randomName());
    try {
      await rename(path, aside);
    } catch (error) {
      if (isAbsent(error)) return 'gone';
      // The folder may need room for the name. What is removed makes room, and nothing that is led to is in danger.
      if (systemCode(error) !== 'ENOSPC') throw error;
      await unlink(path);
      return 'removed';
    }
    const found = await lstat(aside);
    if (found.ino === seen.ino && found.mtimeMs === seen.mtimeMs) {
      await unlink(aside);
      return 'removed';
    }
    if ((await tryLink(aside, path)) === 'impossible') await rename(aside, path);
    else await removeQuietly(aside);
    return 'young';
  };
  return {
    async visit({ digest, path, size }, { digests, young: late }) {
      if (digests.has(digest)) {
        if (late.has(digest)) young = plus(young, size);
        else kept = plus(kept, size);
        return;
      }
      const outcome = await remove(path);
      if (outcome === 'young') young = plus(young, size);
      if (outcome !== 'removed') return;
      if (!dryRun) await release(digest);
      tell({ type: 'blob', repository, digest, size });
    },
    amounts: () => ({ kept, young }),
  };
}

/** The regular files of a layout's `blobs` that are named by digests. */
async function blobsOf(layout: string): Promise<readonly Blob[]> {
  const blobs: Blob[] = [];
  const looks = abreast(await blobFiles(join(layout, 'blobs')), ABREAST, async ({ digest }) => {
    const path = digest === undefined ? undefined : blobPath(layout, digest);
    if (digest === undefined || path === undefined) return undefined;
    const found = await lstatOrNone(path);
    return found?.isFile() ? { digest, path, size: found.size } : undefined;
  });
  for await (const blob of looks) if (blob !== undefined) blobs.push(blob);
  return blobs;
}

function plus({ count, size }: Amount, more: number): Amount {
  return { count: count + 1, size: size + more };
}
