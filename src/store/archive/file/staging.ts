import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { describeSystemCode, isMissing, systemCode } from '../../../disk/index.ts';
import { printable } from '../../../oci/index.ts';
import { RegistryError } from '../../../registry/index.ts';
import { closed } from '../failure.ts';

/** The private folder of one registry object: what was pushed lies in it until it is in the archive. */
export interface Staging {
  /** A path in it that nobody has; the folder is made when it is not there. */
  newFile(): Promise<string>;
  /** A new file that has no name, where the system can do that; else one that `remove` removes. */
  unnamed(): Promise<{ readonly handle: FileHandle; readonly folder: string; remove(): Promise<void> }>;
  /** Removes a file of it. */
  remove(path: string): Promise<void>;
  /** Removes it with all that is in it. */
  close(): Promise<void>;
}

/** How long what a process left behind must have lain untouched before it is removed, in milliseconds. */
const LEFT_BEHIND = 24 * 60 * 60 * 1000;

/**
 * @param file the archive: the folder is beside it, on the same disk
 * @param now the time, in milliseconds since 1970
 */
export function createStaging(file: string, now: () => number = Date.now): Staging {
  const path = resolve(file);
  const folder = join(dirname(path), `${prefixFor(path)}${process.pid}-${randomBytes(8).toString('hex')}`);
  let made: Promise<void> | undefined;
  let isClosed = false;
  const make = (): Promise<void> =>
    (made ??= (async () => {
      await removeLeftBehind(path, now());
      await makeStaging(folder, path);
    })().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
  return {
    async newFile() {
      // Whoever is late would leave it behind.
      if (isClosed) throw closed(path);
      await make();
      return join(folder, randomBytes(16).toString('hex'));
    },
    async unnamed() {
      const name = `${prefixFor(path)}${process.pid}-${randomBytes(16).toString('hex')}`;
      const [place, handle] = await openBeside(dirname(path), name);
      const remove = (): Promise<void> => rm(place, { force: true });
      const folder = dirname(place);
      if (process.platform === 'win32') return { handle, folder, remove };
      // Nothing of it stays then, however the process ends.
      await remove();
      return { handle, folder, remove: async () => {} };
    },
    remove: (path) => rm(path, { force: true }),
    async close() {
      isClosed = true;
      const isMade = await made?.then(
        () => true,
        () => false,
      );
      // A write that is still going on may make a file in it meanwhile.
      if (isMade === true) await rm(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
    },
  };
}

/** The folder of an archive that is to be written has to be there: it is not made, as that of a layout is. */
async function makeStaging(folder: string, path: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const [archive, place] = [printable(path, 260), printable(dirname(path), 260)];
    const why = isMissing(error) ? `there is no folder ${place}` : `${place}: ${describeSystemCode(code)}`;
    throw new RegistryError('UNKNOWN', `cannot write the archive ${archive}: ${why}`, {
      status: 500,
      cause: error,
    });
  }
}

/** Whoever only reads an archive may have no right to write beside it. */
async function openBeside(folder: string, name: string): Promise<readonly [string, FileHandle]> {
  const attempt = async (place: string): Promise<readonly [string, FileHandle]> => [
    place,
    await open(place, 'wx+', 0o600),
  ];
  try {
    return await attempt(join(folder, name));
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '')) throw error;
    return attempt(join(tmpdir(), name));
  }
}

function prefixFor(path: string): string {
  return `.${basename(path)}.stowage-`;
}

/**
 * Removes what processes left behind that were killed: what is old, and of a process that is not there any more. What
 * cannot be removed stays, and is no reason not to write: in `/tmp` it may be another user's.
 */
async function removeLeftBehind(path: string, now: number): Promise<void> {
  for (const name of await quietly(() => readdir(dirname(path)), [])) {
    if (!isLeftBehind(name, path)) continue;
    const found = join(dirname(path), name);
    await quietly(async () => {
      if (now - (await lastTouched(found)) > LEFT_BEHIND) await rm(found, { recursive: true, force: true });
    }, undefined);
  }
}

async function quietly<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return otherwise;
  }
}

/** Whether a name is that of a folder of ours, or of an archive that was not written to its end. */
function isLeftBehind(name: string, path: string): boolean {
  const unfinished = `${basename(path)}.`;
  if (name.startsWith(unfinished)) return /^[0-9a-f-]{36}\.tmp$/.test(name.slice(unfinished.length));
  const prefix = prefixFor(path);
  const pid = name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length))?.[1] : undefined;
  return pid !== undefined && !isAlive(Number(pid));
}

/** In milliseconds; of what is gone by now, never. */
async function lastTouched(path: string): Promise<number> {
  try {
    return (await lstat(path)).ctimeMs;
  } catch (error) {
    if (isMissing(error)) return Infinity;
    throw error;
  }
}

/** Whether a process of this number is there. It may be another by now; then its folder stays a little longer. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
