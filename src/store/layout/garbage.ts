import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { RegistryError, type Options } from '../../registry/index.ts';
import { blobFiles } from './blob-files.ts';
import { collectIn } from './collect.ts';
import type { Amount, CollectEvent } from './collect-rules.ts';
import { isAbsent, onDisk } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { layoutsIn } from './layouts-in.ts';
import type { LayoutOptions, Repositories } from './repositories.ts';

/** Settings of a collection of garbage. */
export interface CollectOptions extends Options, LayoutOptions {
  /**
   * What was touched within this time stays, in milliseconds; an hour, unless told. It is for writers who are about to
   * refer to what they wrote, or found: with 0, pushes that are under way may fail with `MANIFEST_BLOB_UNKNOWN`.
   */
  readonly grace?: number;
  /** Whether manifests go that have no name, and that nothing else leads to. Their entries go first. */
  readonly unnamed?: boolean;
  /** Whether it is only found out what would go. */
  readonly dryRun?: boolean;
  /** Is told of each thing that goes, when it has gone. */
  readonly onEvent?: (event: CollectEvent) => void;
}

/** What came of a collection. */
export interface Collected {
  /** What `index.json` leads to. */
  readonly kept: Amount;
  /** What nothing leads to, but stays for being new. */
  readonly young: Amount;
  readonly removed: Amount;
  /** What killed processes and other tools had left. */
  readonly leftovers: Amount;
  /** How many entries went from `index.json`. */
  readonly entries: number;
}

const HOUR = 60 * 60_000;

/**
 * Removes from a layout, or from all layouts of a folder that `layoutRegistry` serves, what `index.json` does not lead to.
 *
 * What it leads to stays: manifests, indexes in one another, configs, layers, and the referrers of what stays. It may run
 * while others write: of ours, none loses anything, and who comes too late is told so; of those that take no lock, none
 * loses what is younger than the grace. Killed at any moment, it leaves a valid layout, and no less than it was to leave.
 * @param directory the layout, or the folder of layouts
 * @throws {RegistryError} `LAYOUT_INVALID` or `BLOB_NOT_REGULAR` when not everything can be read that is listed: nothing is
 *   removed from that layout then, as what cannot be read may lead anywhere. `verifyLayout` tells more.
 */
export async function collectGarbage(directory: string, options: CollectOptions = {}): Promise<Collected> {
  const {
    grace = HOUR,
    uploadExpiry = 24 * HOUR,
    unnamed = false,
    dryRun = false,
    signal,
    onEvent,
  } = options;
  if (!(grace >= 0)) throw new RegistryError('UNSUPPORTED', `grace is ${grace}: want milliseconds`);
  const sums = { kept: none(), young: none(), removed: none(), leftovers: none() };
  let entries = 0;
  const tell = (event: CollectEvent): void => {
    if (event.type === 'entry') entries++;
    else add(event.type === 'blob' ? sums.removed : sums.leftovers, { count: 1, size: event.size });
    onEvent?.(event);
  };
  const layouts = await layoutsIn(directory, options);
  await onDisk(layouts.root, async () => {
    const { release } = layouts;
    const rules = { grace, uploadExpiry, unnamed, dryRun, signal, tell, release };
    for await (const name of layouts.names({ ...(signal && { signal }) })) {
      const { kept, young } = await collectIn(layouts.open(name), rules);
      add(sums.kept, kept);
      add(sums.young, young);
    }
    if (!dryRun)
      await sweepPool(layouts, (path, size) => tell({ type: 'leftover', repository: '', path, size }));
  });
  return { ...sums, entries };
}

/** Removes what a process that was killed had taken from the last repository, but not from what they share. */
async function sweepPool(
  { root, release }: Repositories,
  found: (path: string, size: number) => void,
): Promise<void> {
  const pool = join(PRIVATE, 'pool');
  for (const { file, digest } of await blobFiles(join(root, pool))) {
    if (digest === undefined) continue;
    try {
      const { nlink, size } = await lstat(join(root, pool, file));
      if (nlink > 1) continue;
      await release(digest);
      found(join(pool, file), size);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
}

type Sum = { -readonly [Name in keyof Amount]: Amount[Name] };

function none(): Sum {
  return { count: 0, size: 0 };
}

function add(sum: Sum, { count, size }: Amount): void {
  sum.count += count;
  sum.size += size;
}
