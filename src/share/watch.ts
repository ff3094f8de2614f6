import { RegistryError } from '../registry/index.ts';
import type { Clock } from '../transport/index.ts';
import type { SharedConnection } from './connection.ts';
import { isClaim } from './finding.ts';

/** Waits for what others are about to find. */
export interface Watch {
  /**
   * @returns what stands in an entry as soon as it is no claim any more; undefined, if it is gone
   * @throws {RegistryError} `UNAVAILABLE`.
   */
  entry(key: string): Promise<Buffer | undefined>;
  close(): void;
}

interface Watcher {
  found(entry: Buffer | undefined): void;
  failed(error: unknown): void;
}

/** The least and the longest time between two looks, in milliseconds. */
const [SHORTEST, LONGEST] = [10, 150];
/** So many entries are looked at by one command. */
const AT_ONCE = 500;

/** Looks at all entries that are waited for, by one command for many; less often as long as nothing happens. */
export function createWatch(connection: SharedConnection, clock: Clock): Watch {
  const watched = new Map<string, Watcher>();
  let closed = false;
  let looking = false;

  const look = async (): Promise<boolean> => {
    const keys = [...watched.keys()];
    let changed = false;
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE);
      const entries = await connection.run((client) => client.mgetBuffer(...some));
      for (const [index, key] of some.entries()) {
        const entry = entries[index] ?? undefined;
        if (entry !== undefined && isClaim(entry)) continue;
        watched.get(key)?.found(entry);
        watched.delete(key);
        changed = true;
      }
    }
    return changed;
  };

  const failAll = (error: unknown): void => {
    for (const watcher of watched.values()) watcher.failed(error);
    watched.clear();
  };

  const begin = async (): Promise<void> => {
    looking = true;
    let delay = SHORTEST;
    try {
      while (watched.size > 0) {
        await clock.sleep(delay);
        delay = (await look()) ? SHORTEST : Math.min(LONGEST, delay * 1.5);
      }
    } catch (error) {
      failAll(error);
    }
    looking = false;
  };

  return {
    entry: (key) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(ended());
        watched.set(key, { found: resolve, failed: reject });
        if (!looking) void begin();
      }),
    close() {
      closed = true;
      failAll(ended());
    },
  };
}

function ended(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the run was left before others had found what it waits for');
}
