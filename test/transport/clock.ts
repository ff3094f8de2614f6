import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/transport/index.ts';

/** A clock that tests move. */
export interface TestClock extends Clock {
  /** How many sleep. */
  readonly sleeping: number;
  /** What was slept for so far, in milliseconds, in the order in which it was begun. */
  readonly slept: readonly number[];
  /** Lets time pass, in milliseconds; wakes each sleeper in its moment, and lets it do what it then does. */
  pass(milliseconds: number): Promise<void>;
}

interface Sleeper {
  readonly until: number;
  wake(): void;
}

/** A clock that stands still until it is moved. */
export function stillClock(random: () => number = () => 0.5): TestClock {
  let time = 0;
  const sleepers = new Set<Sleeper>();
  const slept: number[] = [];
  return {
    slept,
    random,
    now: () => time,
    get sleeping() {
      return sleepers.size;
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', abort);
        };
        const abort = (): void => {
          leave();
          reject(signal?.reason as Error);
        };
        const sleeper = {
          until: time + milliseconds,
          wake() {
            leave();
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', abort);
      });
    },
    async pass(milliseconds) {
      const end = time + milliseconds;
      for (;;) {
        await settled();
        const [next] = [...sleepers].toSorted((a, b) => a.until - b.until);
        if (next === undefined || next.until > end) break;
        time = next.until;
        next.wake();
      }
      time = end;
    },
  };
}

/** A clock on which every sleep is over at once. For one sleeper at a time. */
export function leapingClock(random: () => number = () => 0.5): Omit<TestClock, 'pass' | 'sleeping'> {
  let time = 0;
  const slept: number[] = [];
  return {
    slept,
    random,
    now: () => time,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}

/** All that needs no time has been done. */
export async function settled(): Promise<void> {
  await setImmediate();
}
