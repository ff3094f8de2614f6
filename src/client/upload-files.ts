import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileNameFor, readPrivate, removeOlder, writePrivate } from '../disk/index.ts';
import { systemClock, type Clock } from '../transport/index.ts';
import { abandoned, leave, showLife, touch } from './signs-of-life.ts';
import type { UploadLog, UploadPage } from './upload-log.ts';

/** Settings of a log on disk. */
export interface UploadFilesOptions {
  /** How long an upload is kept in mind, in milliseconds. 24 hours unless told: registries drop them after a while. */
  readonly expiry?: number;
  /** The time of day in milliseconds; the system's own unless told. */
  readonly now?: () => number;
  /** For tests. */
  readonly clock?: Clock;
}

/** What stands in a file. */
interface Entry {
  readonly id: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
}

/** No id that could be sent is longer, in bytes. */
const LIMIT = 32 * 1024;

/** The pages that this process has open: nobody has to watch whether somebody is at them. */
const held = new Set<string>();

/**
 * A log of uploads in a folder, which processes, containers and machines may share: a file for each, which only its owner
 * may read. Its name is the hash of what it is for, with a word of the push's own that is at it. So a page changes hands
 * by being renamed, which only one can do: who finds that it was left, or that nobody is at it any more.
 */
export function uploadFiles(folder: string, options: UploadFilesOptions = {}): UploadLog {
  const { expiry = 24 * 60 * 60_000, now = Date.now, clock = systemClock } = options;
  let sweeping: Promise<unknown> | undefined;
  const isFresh = ({ at }: Entry): boolean => at <= now() && now() - at < expiry;

  /** Makes a page of somebody who is gone the one at a path. @returns its id */
  const takeOver = async (name: string, path: string, signal?: AbortSignal): Promise<string | undefined> => {
    const names = await readdir(folder).catch(() => []);
    const pages = names.filter((each) => each.startsWith(`${name}.`) && each.endsWith('.json'));
    const others = pages.map((page) => join(folder, page)).filter((page) => !held.has(page));
    for (const page of await abandoned(others, { clock, now: now(), signal })) {
      const bytes = await readPrivate(page, LIMIT);
      const entry = bytes === undefined ? undefined : parse(bytes);
      if (entry === undefined || !isFresh(entry)) await rm(page, { force: true });
      // Touched first, so that nobody else finds it abandoned under its new name.
      else if ((await touch(page)) && (await renamed(page, path))) return entry.id;
    }
    return undefined;
  };

  return {
    async open(key, signal) {
      const name = fileNameFor(JSON.stringify([key.registry, key.repository, key.digest]));
      const path = join(folder, `${name}.${randomUUID()}.json`);
      await (sweeping ??= removeOlder(folder, now() - expiry));
      held.add(path);
      try {
        return pageAt(path, await takeOver(name, path, signal), now);
      } catch (error) {
        held.delete(path);
        throw error;
      }
    },
  };
}

function pageAt(path: string, id: string | undefined, now: () => number): UploadPage {
  const rest = showLife(path);
  return {
    id,
    keep: (kept) => writePrivate(path, JSON.stringify({ id: kept, at: now() } satisfies Entry)),
    forget: () => rm(path, { force: true }),
    async close() {
      await rest();
      await leave(path);
      held.delete(path);
    },
  };
}

function parse(bytes: Uint8Array): Entry | undefined {
  try {
    const { id, at } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Record<string, unknown>>;
    return typeof id === 'string' && typeof at === 'number' ? { id, at } : undefined;
  } catch {
    return undefined;
  }
}

/** @returns false where somebody else was faster */
async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}
