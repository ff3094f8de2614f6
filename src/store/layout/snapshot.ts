import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { Invalid, printable, type Descriptor, type Digest } from '../../oci/index.ts';
import { repositoryNotFound } from '../../registry/index.ts';
import { layoutInvalid } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { namesIn, readRegular, stampOf, type SmallFile } from './look.ts';
import {
  byDigest,
  checkVersion,
  INDEX_LIMIT,
  parseIndex,
  tagsOf,
  VERSION_LIMIT,
  type LayoutIndex,
  type TagTarget,
} from '../../layout-index/index.ts';

/** An `index.json` as it was read once. */
export interface Snapshot extends LayoutIndex {
  readonly tags: ReadonlyMap<string, TagTarget>;
  readonly byDigest: ReadonlyMap<Digest, Descriptor>;
}

/** An `index.json` that is read again only when it changed. */
export interface IndexReader {
  /** What it says now. @throws {RegistryError} `NAME_UNKNOWN` where there is no layout, `LAYOUT_INVALID`. */
  current(): Promise<Snapshot>;
  /** The same, or undefined where there is no layout yet. @throws {RegistryError} `LAYOUT_INVALID`. */
  currentOrNone(): Promise<Snapshot | undefined>;
  /** Tells it what was just written, so that it need not be read. */
  written(index: LayoutIndex, bytes: Uint8Array): Promise<void>;
}

/** Where a layout is, and how errors call it. */
export interface LayoutPlace {
  readonly repository: string;
  readonly path: string;
  /** Whether this is the only one: a folder that is no layout is a mistake then, and not on the way to a repository. */
  readonly single: boolean;
}

interface Held extends SmallFile {
  readonly snapshot: Snapshot;
  /** Whether the stamp tells later changes: not if the file was written in the same tick of the clock. */
  readonly settled: boolean;
}

export function createIndexReader(place: LayoutPlace): IndexReader {
  const path = join(place.path, 'index.json');
  let held: Held | undefined;
  let loading: Promise<unknown> = Promise.resolve();

  const load = async (): Promise<Snapshot | undefined> => {
    const stamp = await stampOf(path);
    if (stamp === undefined) {
      held = undefined;
      // Another writer may have made the layout between two looks at it.
      return (await isThereNow(place)) ? load() : undefined;
    }
    if (held !== undefined && held.settled && sameFile(held.stamp, stamp)) return held.snapshot;
    const file = await readBounded(place, 'index.json', INDEX_LIMIT);
    if (file === undefined) return load();
    const same =
      held !== undefined && Buffer.compare(held.bytes, file.bytes) === 0 ? held.snapshot : undefined;
    if (same === undefined) await checkLayoutFile(place);
    const snapshot = same ?? snapshotOf(read(place, 'index.json', () => parseIndex(file.bytes)));
    held = { ...file, snapshot, settled: isSettled(file.stamp) };
    return snapshot;
  };
  const currentOrNone = async (): Promise<Snapshot | undefined> => {
    const stamp = await stampOf(path);
    if (held !== undefined && stamp !== undefined && held.settled && sameFile(held.stamp, stamp))
      return held.snapshot;
    // One at a time, so that the many who meet a changed file do not parse it each.
    const mine = loading.then(load, load);
    loading = mine;
    return mine;
  };
  return {
    currentOrNone,
    async current() {
      const snapshot = await currentOrNone();
      if (snapshot === undefined) throw await absence(place);
      return snapshot;
    },
    async written(index, bytes) {
      const stamp = await stampOf(path);
      held = stamp && { stamp, bytes, snapshot: snapshotOf(index), settled: false };
    },
  };
}

function snapshotOf(index: LayoutIndex): Snapshot {
  let tags: ReadonlyMap<string, TagTarget> | undefined;
  let digests: ReadonlyMap<Digest, Descriptor> | undefined;
  return {
    ...index,
    get tags() {
      return (tags ??= tagsOf(index.entries));
    },
    get byDigest() {
      return (digests ??= byDigest(index.entries));
    },
  };
}

/** How long a file must have been left alone for its times to tell a later change, in nanoseconds. */
const TICK = 50_000_000n;
/** The same where times are whole seconds, as on FAT and old network disks. */
const COARSE_TICK = 2_500_000_000n;

/**
 * The kernel's clock for files stands still for some milliseconds, and the number of a removed file is given to
 * the next one: a file that is replaced twice in a moment can look the same. (Git calls such entries racy.)
 */
function isSettled({ mtimeNs, ctimeNs }: BigIntStats): boolean {
  const now = BigInt(Date.now()) * 1_000_000n;
  const last = ctimeNs > mtimeNs ? ctimeNs : mtimeNs;
  return now - last > (last % 1_000_000_000n === 0n ? COARSE_TICK : TICK);
}

function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.dev === b.dev
  );
}

/**
 * Tells a layout that is not there yet from one that is broken, where `index.json` is missing.
 * @returns whether it has come to be there meanwhile
 */
async function isThereNow(place: LayoutPlace): Promise<boolean> {
  const names = await namesIn(place.path);
  if (!names?.includes('oci-layout')) return false;
  await checkLayoutFile(place);
  // We write `index.json` before any blob: without a blob, this is a layout whose making was cut short, or goes on.
  const blobs = await namesIn(join(place.path, 'blobs'));
  if (!blobs?.length) return false;
  if ((await stampOf(join(place.path, 'index.json'))) !== undefined) return true;
  throw layoutInvalid(place.repository, 'index.json', 'it is missing');
}

/** Why a layout that is not there cannot be read. */
async function absence(place: LayoutPlace): Promise<Error> {
  const names = place.single ? await namesIn(place.path) : undefined;
  // An empty folder may become one, as may one that we began with. One that holds other things was probably meant to be another.
  if (names === undefined || names.includes('oci-layout') || names.every((name) => name === PRIVATE))
    return repositoryNotFound(place.repository);
  return layoutInvalid(
    place.repository,
    'oci-layout',
    `it is missing, ${printable(place.path, 260)} is no layout`,
  );
}

async function checkLayoutFile(place: LayoutPlace): Promise<void> {
  const file = await readBounded(place, 'oci-layout', VERSION_LIMIT);
  if (file === undefined) throw layoutInvalid(place.repository, 'oci-layout', 'it is missing');
  read(place, 'oci-layout', () => checkVersion(file.bytes));
}

function read<T>(place: LayoutPlace, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Invalid) throw layoutInvalid(place.repository, file, error.message, error);
    throw error;
  }
}

/** A file of the layout; undefined where it is not there. */
async function readBounded(
  { path, repository }: LayoutPlace,
  name: string,
  limit: number,
): Promise<SmallFile | undefined> {
  const file = await readRegular(join(path, name), limit);
  if (typeof file === 'string') throw layoutInvalid(repository, name, file);
  return file;
}
