import type { Rate } from './pace.ts';
import type { Outcome } from './window.ts';

/** A bucket of tokens, one for each request. Times are in milliseconds. */
export interface Bucket {
  /** When the next token is there; not later than now if it is there already. It may be there earlier, or later. */
  readyAt(now: number): number;
  /** About how long it takes until so many tokens are there. */
  wait(now: number, tokens: number): number;
  /** Takes one out, when it is there, for a request that goes now. */
  take(now: number): Passage;
  /** Nobody wants one now. */
  rest?(now: number): void;
  /** Whether it is known that there is none: always, where it is not asked for elsewhere. */
  isHeld?(now: number): boolean;
}

/** A request that is under way. */
export interface Passage {
  /** @param until when the server wants to be asked again, where it said so */
  answered(outcome: Outcome, now: number, until: number): void;
}

/**
 * A bucket that is full at first, and refilled all the time.
 *
 * Requests do not arrive as they left: the first ones wait for connections to be made, a busy process sends late. Whoever
 * counts at the other end would see some of them closer together, and refuse the last. So a request counts when it has
 * been answered, since it has come before; and as long as it is under way, as if it came just now. But none does so for
 * longer than half of the burst lasts, as slow answers are not to make the rate smaller.
 *
 * All there is to know about the bucket is when it will be full again: each request that counts puts that off by the
 * time in which one token is refilled.
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function createBucket({ requests, seconds, burst = requests }: Rate): Bucket {
  const interval = (seconds * 1000) / requests;
  const spare = Math.max(0, burst - 1);
  const longest = (spare / 2) * interval;
  /** When each request left that is under way, and does not count yet; the first one first. */
  const underWay = new Set<{ readonly left: number }>();
  let fullAt = Number.NEGATIVE_INFINITY;

  const count = (at: number): void => void (fullAt = Math.max(fullAt, at) + interval);
  const countOverdue = (now: number): void => {
    for (const one of underWay) {
      if (one.left + longest > now) return;
      underWay.delete(one);
      count(one.left + longest);
    }
  };

  return {
    readyAt(now) {
      countOverdue(now);
      const [first] = underWay;
      // No time makes up for more than the bucket holds: one of them has to count first.
      if (first !== undefined && underWay.size > spare) return first.left + longest;
      return fullAt - (spare - underWay.size) * interval;
    },
    wait: (now, tokens) => Math.max(fullAt, now) + (underWay.size + tokens - 1 - spare) * interval - now,
    take(now) {
      const one = { left: now };
      underWay.add(one);
      return {
        answered(_, at) {
          countOverdue(at);
          if (underWay.delete(one)) count(at);
        },
      };
    },
  };
}

const passage: Passage = { answered: () => {} };

/** One that is never empty. */
export const bottomless: Bucket = {
  readyAt: () => Number.NEGATIVE_INFINITY,
  wait: () => 0,
  take: () => passage,
};
