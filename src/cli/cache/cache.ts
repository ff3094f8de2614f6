import { removeOlder } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { tableOf } from '../report/table.ts';
import {
  listCache,
  pruneCache,
  registryCacheFolder,
  verifyCache,
  type CachedRepository,
  type Pruned,
} from '../../wrap/cache/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { fail } from '../failure.ts';
import { tokenFolder, uploadFolder } from '../folders.ts';
import { formatSize } from '../size.ts';

export interface ListFlags {
  readonly json?: boolean;
}

export interface PruneFlags {
  /** In bytes. */
  readonly maxSize?: number;
  /** In milliseconds. */
  readonly olderThan?: number;
  readonly all?: boolean;
}

/** Tokens, and notes on uploads, are good for no longer than this, in milliseconds. */
const UNUSED = 24 * 60 * 60_000;

/** `stowage cache ls`: the repositories on standard output, the sum on standard error. */
export async function list(this: Context, { json }: ListFlags): Promise<void> {
  const folder = folderOf(this);
  const kept = await listCache(folder).catch((error: unknown) => fail(this, error));
  if (kept === undefined) return;
  if (json) {
    print(this, JSON.stringify({ folder, ...kept }));
    return;
  }
  for (const line of table(kept.repositories)) print(this, line);
  say(this, `${formatSize(kept.size)} in ${counted(kept.files, 'file')} in ${folder}`);
}

/** `stowage cache prune`. */
export async function prune(this: Context, flags: PruneFlags): Promise<void> {
  const pruned = await pruneAll(this, flags).catch((error: unknown) => fail(this, error));
  if (pruned === undefined) return;
  say(
    this,
    `removed ${counted(pruned.removed, 'file')}, ${formatSize(pruned.freed)}; ` +
      `kept ${counted(pruned.kept, 'file')}, ${formatSize(pruned.size)}`,
  );
}

async function pruneAll(context: Context, { maxSize, olderThan, all }: PruneFlags): Promise<Pruned> {
  let [removed, freed] = [0, 0];
  for (const folder of [tokenFolder(context), uploadFolder(context)]) {
    const swept = await removeOlder(folder, all ? Infinity : Date.now() - UNUSED);
    removed += swept.removed;
    freed += swept.freed;
  }
  const pruned = await pruneCache(folderOf(context), {
    ...(olderThan !== undefined && { olderThan }),
    ...(maxSize !== undefined && { maxSize }),
    ...(all && { maxSize: 0 }),
  });
  return { ...pruned, removed: pruned.removed + removed, freed: pruned.freed + freed };
}

/** `stowage cache verify`: the files that were wrong on standard output. They are gone, and will be fetched again. */
export async function verify(this: Context): Promise<void> {
  const verified = await verifyCache(folderOf(this)).catch((error: unknown) => fail(this, error));
  if (verified === undefined) return;
  const { checked, size, removed } = verified;
  for (const path of removed) print(this, path);
  const wrong = removed.length === 0 ? 'all are right' : `${removed.length} were wrong and were removed`;
  say(this, `checked ${counted(checked, 'file')}, ${formatSize(size)}: ${wrong}`);
  if (removed.length > 0) this.process.exitCode = exitCodes.verificationFailed;
}

function folderOf(context: Context): string {
  return registryCacheFolder({ environment: context.process.env });
}

/** Names on the left, numbers on the right; nothing at all of nothing. */
function table(repositories: readonly CachedRepository[]): readonly string[] {
  if (repositories.length === 0) return [];
  const rows = [
    ['REPOSITORY', 'TAGS', 'MANIFESTS', 'BLOBS', 'SIZE'],
    ...repositories.map(({ namespace, repository, tags, manifests, blobs, size }) => [
      printable(namespace === '' ? repository : `${namespace}/${repository}`, 400),
      String(tags),
      String(manifests),
      String(blobs),
      formatSize(size),
    ]),
  ];
  return tableOf(rows);
}
