import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../transport/index.ts';
import type { SharedConnection } from './connection.ts';
import { CLAIM, decodeFinding, encodeFinding, isClaim, LARGEST } from './finding.ts';
import { createWatch } from './watch.ts';

/** What several processes find out together, each thing once, and a queue that they share. */
export interface Ledger {
  /**
   * What was found for a key, by whichever process came first. Who finds something has to stay alive until then, or another
   * one does it.
   * @param find what it fails with is told to its caller alone, and the next one tries again
   * @throws {RegistryError} `UNAVAILABLE`, when Redis is not there; and what `find` throws.
   */
  once(key: string, find: () => Promise<string>): Promise<string>;
  /**
   * Takes units of work. What a process has taken and not done when it ends nobody gets again.
   * @returns the number of the first of `count` units that nobody else gets; the first of all is 0
   * @throws {RegistryError} `UNAVAILABLE`, when Redis is not there.
   */
  next(count: number): Promise<number>;
}

/** So long after its last sign of life a process that was to find something has ended, in milliseconds. */
const CLAIMED = 6000;
const BETWEEN_SIGNS = CLAIMED / 4;
/** What was found is kept for a day, in milliseconds: longer than any run. */
const KEPT = 24 * 60 * 60 * 1000;
/** For so long a command may be sent again, in milliseconds. */
const CALL_KEPT = 60_000;

/** A ledger, and its end. */
export interface RunningLedger extends Ledger {
  /** Those who wait for what others find fail. */
  close(): void;
}

/**
 * The ledger of a run.
 * @param name who has the same has the same ledger
 */
export function createLedger(
  connection: SharedConnection,
  name: string,
  clock: Clock = systemClock,
): RunningLedger {
  const prefix = `stowage:run:${name}:`;
  const entryOf = (key: string): string => `${prefix}found:${key}`;
  const mark = Buffer.from(CLAIM + randomUUID());
  const own = new Map<string, Promise<string>>();
  const claims = new Set<string>();
  const watch = createWatch(connection, clock);
  let signs: ReturnType<typeof setInterval> | undefined;

  const renew = (): void => {
    const keys = [...claims];
    // When it is lost, another one finds the same.
    connection.run((client) => client.renew(keys.length, ...keys, mark, CLAIMED)).catch(() => {});
  };
  const hold = (entry: string): void => {
    claims.add(entry);
    signs ??= setInterval(renew, BETWEEN_SIGNS).unref();
  };
  const letGo = (entry: string): void => {
    claims.delete(entry);
    if (claims.size > 0) return;
    clearInterval(signs);
    signs = undefined;
  };

  // If it does not come there, the claim ends by itself. Nobody waits for that.
  const giveBack = (entry: string): void => {
    connection.run((client) => client.release(entry, mark)).catch(() => {});
  };

  /** @returns what somebody found, or undefined for whoever is to find it. */
  const known = async (entry: string): Promise<Buffer | undefined> => {
    for (;;) {
      const there = await connection.run((client) => client.claimBuffer(entry, mark, CLAIMED));
      if (!isClaim(there)) return there;
      if (there.equals(mark)) return undefined;
      const found = await watch.entry(entry);
      if (found !== undefined) return found;
    }
  };

  const resolve = async (key: string, find: () => Promise<string>): Promise<string> => {
    const entry = entryOf(key);
    const there = await known(entry);
    if (there !== undefined) return decodeFinding(there, key);
    hold(entry);
    try {
      const text = await find();
      if (text.length > LARGEST) {
        giveBack(entry);
        return text;
      }
      const bytes = encodeFinding(text);
      const other = await connection.run((client) => client.settleBuffer(entry, CLAIM, bytes, KEPT));
      return other === null ? text : decodeFinding(other, key);
    } catch (error) {
      giveBack(entry);
      throw error;
    } finally {
      letGo(entry);
    }
  };

  return {
    async once(key, find) {
      for (let other = own.get(key); other !== undefined; other = own.get(key)) {
        const text = await other.catch(() => undefined);
        if (text !== undefined) return text;
      }
      const finding = resolve(key, find);
      own.set(key, finding);
      try {
        return await finding;
      } finally {
        own.delete(key);
      }
    },
    next: (count) => {
      const call = `${prefix}call:${randomUUID()}`;
      return connection.run((client) => client.next(`${prefix}queue`, call, count, KEPT, CALL_KEPT));
    },
    close() {
      clearInterval(signs);
      watch.close();
    },
  };
}
