import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { Invalid, printable } from '../../oci/index.ts';
import { repositoryNotFound } from '../../registry/index.ts';
import { layoutInvalid } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { namesIn, readRegular, stampOf, type SmallFile } from './look.ts';
import {
  checkVersion,
  createNameIndex,
  INDEX_LIMIT,
  readIndexText,
  VERSION_LIMIT,
  writeIndexText,
  type IndexText,
  type LayoutIndex,
  type NameIndex,
} from '../../layout-index/index.ts';

/** An `index.json` as it was read once. */
export interface Snapshot extends LayoutIndex {
  /** Its entries by all that they are looked for by. */
  readonly names: NameIndex;
}

/** An `index.json` that is read again only when it changed. */
export interface IndexReader {
  /** What it says now. @throws {RegistryError} `NAME_UNKNOWN` where there is no layout, `LAYOUT_INVALID`. */
  current(): Promise<Snapshot>;
  /** The same, or undefined where there is no layout yet. @throws {RegistryError} `LAYOUT_INVALID`. */
  currentOrNone(): Promise<Snapshot | undefined>;
  /** Whether there is a layout. One that was read before is not read again for this. @throws {RegistryError} `LAYOUT_INVALID`. */
  isThere(): Promise<boolean>;
  /** The text of a version that follows on the last one that was read or written. */
  format(index: LayoutIndex): IndexText;
  /** Tells it what was just written, so that it need not be read. */
  written(text: IndexText): Promise<void>;
}

/** Where a layout is, and how errors call it. */
export interface LayoutPlace {
  readonly repository: string;
  readonly path: string;
  /** Whether this is the only one: a folder that is no layout is a mistake then, and not on the way to a repository. */
  readonly single: boolean;
}

interface Held {
  readonly stamp: BigIntStats;
  readonly text: IndexText;
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
    const { stamp: found, bytes } = file;
    const settled = isSettled(found);
    if (held?.text.bytes.equals(bytes)) held = { ...held, stamp: found, settled };
    else {
      await checkLayoutFile(place);
      const text = read(place, 'index.json', () => readIndexText(bytes, held?.text));
      held = { stamp: found, settled, text, snapshot: snapshotOf(text) };
    }
    return held.snapshot;
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
    isThere: async () =>
      held === undefined ? (await currentOrNone()) !== undefined : (await stampOf(path)) !== undefined,
    format: (index) => writeIndexText(index, held?.text),
    async written(text) {
      const stamp = await stampOf(path);
      held = stamp && { stamp, text, snapshot: snapshotOf(text), settled: false };
    },
  };
}

function snapshotOf({ fields, entries }: LayoutIndex): Snapshot {
  let names: NameIndex | undefined;
  return {
    fields,
    entries,
    get names() {
      return (names ??= createNameIndex(entries));
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
