import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileNameFor, isStillAt, lockNow, makeFolder, openPrivate, removeOlder } from '../disk/index.ts';
import type { UploadLog, UploadPage } from './upload-log.ts';

/** Settings of a log on disk. */
export interface UploadFilesOptions {
  /** How long an upload is kept in mind, in milliseconds. 24 hours unless told: registries drop them after a while. */
  readonly expiry?: number;
  /** The time of day in milliseconds; the system's own unless told. */
  readonly now?: () => number;
}

/** What an earlier push has left. */
interface Left {
  readonly path: string;
  readonly file: FileHandle;
  readonly id: string;
}

/** No id that could be sent is longer, in bytes. */
const LIMIT = 32 * 1024;

/**
 * A log of uploads in a folder, which processes and containers may share: a file for each, which only its owner may read.
 * Its name is the hash of what it is for, with a word of its own. Whoever is at a page holds the lock of its file, which
 * ends with the process: what can be locked was left. Where there are no locks, nothing is kept in mind.
 */
export function uploadFiles(folder: string, options: UploadFilesOptions = {}): UploadLog {
  const { expiry = 24 * 60 * 60_000, now = Date.now } = options;
  let sweeping: Promise<unknown> | undefined;

  /** Takes a page that nobody is at. One that is of no use any more is removed. */
  const take = async (path: string): Promise<Left | undefined> => {
    const file = await openPrivate(path, constants.O_RDWR);
    if (file === undefined) return undefined;
    let id: string | undefined;
    try {
      if (!(await lockNow(file, path)) || !(await isStillAt(file, path))) return undefined;
      const { size, mtimeMs } = await file.stat();
      if (size <= LIMIT && Math.abs(now() - mtimeMs) < expiry) id = parse(await file.readFile('utf8'));
      if (id === undefined) await rm(path, { force: true });
    } finally {
      if (id === undefined) await file.close();
    }
    return id === undefined ? undefined : { path, file, id };
  };

  return {
    async open(key) {
      const name = fileNameFor(JSON.stringify([key.registry, key.repository, key.digest]));
      await (sweeping ??= removeOlder(folder, now() - expiry));
      for (const each of await readdir(folder).catch(() => [])) {
        if (!each.startsWith(`${name}.`) || !each.endsWith('.json')) continue;
        const left = await take(join(folder, each));
        if (left !== undefined) return pageAt(left.path, left);
      }
      return pageAt(join(folder, `${name}.${randomUUID()}.json`));
    },
  };
}

function pageAt(path: string, left?: Left): UploadPage {
  let file = left?.file;
  return {
    id: left?.id,
    async keep(id) {
      if (file !== undefined && !(await isStillAt(file, path))) {
        // The cache was cleared meanwhile.
        await file.close();
        file = undefined;
      }
      file ??= await makeLocked(path);
      // In its place, as the lock is that of this file. An id that a crash cuts leads nowhere: the upload is begun anew then.
      await file.write(`${JSON.stringify({ id })}\n`, 0);
    },
    forget: () => rm(path, { force: true }),
    close: async () => file?.close(),
  };
}

/** Makes a file whose lock is held before anybody can find it. */
async function makeLocked(path: string): Promise<FileHandle> {
  await makeFolder(dirname(path), 0o700);
  const hidden = `${path}.new`;
  const file = await open(hidden, 'wx', 0o600);
  try {
    await lockNow(file, hidden);
    await rename(hidden, path);
    return file;
  } catch (error) {
    await file.close();
    await rm(hidden, { force: true });
    throw error;
  }
}

/** The first line counts: behind it may be what is left of a longer one. */
function parse(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text.split('\n', 1)[0] ?? '') as Partial<Record<string, unknown>>;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
