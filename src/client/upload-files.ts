import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileNameFor, readPrivate, writePrivate } from '../disk/index.ts';
import type { UploadKey, UploadLog } from './upload-log.ts';

/** Settings of a log on disk. */
export interface UploadFilesOptions {
  /** How long an upload is kept in mind, in milliseconds. 24 hours unless told: registries drop them after a while. */
  readonly expiry?: number;
  /** The time of day in milliseconds; the system's own unless told. */
  readonly now?: () => number;
}

/** What stands in a file. */
interface Entry {
  readonly id: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
  /** The process that kept it. */
  readonly pid: number;
}

/** No id that could be sent is longer, in bytes. */
const LIMIT = 32 * 1024;

/**
 * A log of uploads in a folder: a file for each, which only its owner may read, named by the hash of what it is for.
 * An upload that another process is still at is not told of: two writers at one would spoil it for both.
 */
export function uploadFiles(folder: string, options: UploadFilesOptions = {}): UploadLog {
  const { expiry = 24 * 60 * 60_000, now = Date.now } = options;
  const pathOf = ({ registry, repository, digest }: UploadKey): string => {
    return join(folder, `${fileNameFor(JSON.stringify([registry, repository, digest]))}.json`);
  };
  const isFresh = ({ at }: Entry): boolean => at <= now() && now() - at < expiry;
  return {
    async find(key) {
      const path = pathOf(key);
      const bytes = await readPrivate(path, LIMIT);
      const entry = bytes === undefined ? undefined : parse(bytes);
      if (entry === undefined || !isFresh(entry)) {
        await rm(path, { force: true });
        return undefined;
      }
      return entry.pid !== process.pid && isAlive(entry.pid) ? undefined : entry.id;
    },
    async keep(key, id) {
      const entry: Entry = { id, at: now(), pid: process.pid };
      await writePrivate(pathOf(key), JSON.stringify(entry));
    },
    forget: (key) => rm(pathOf(key), { force: true }),
  };
}

function parse(bytes: Uint8Array): Entry | undefined {
  try {
    const { id, at, pid } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Record<string, unknown>>;
    if (typeof id !== 'string' || typeof at !== 'number' || typeof pid !== 'number') return undefined;
    return { id, at, pid };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's, which we may not send signals to, is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
