import type { Clock } from '../clock.ts';
import type { Bucket } from './bucket.ts';
import type { Limiter } from './limiter.ts';
import type { Rate } from './pace.ts';

/** What a bucket has to do with those who wait for its tokens. */
export interface Waiters {
  /** How many could go now. */
  wanted(): number;
  /** There are tokens. */
  wake(): void;
  /** There will be none. */
  fail(error: Error): void;
}

/** It takes no longer to ask when there are tokens, in milliseconds. */
const ANSWERED = 50;
/** As much of a burst is held back as is put in in this time, in milliseconds, or this share of it. */
const [HELD_TIME, HELD_SHARE] = [500, 0.25];

/**
 * How many tokens a bucket may hold that is counted down when requests leave, so that one of the size of the burst at the
 * other end is not found empty when they arrive closer together: less by as many as are put in in half a second, but
 * three quarters of the burst at least.
 */
export function sharedBurst({ requests, seconds, burst = requests }: Rate): number {
  const held = Math.min(burst * HELD_SHARE, (HELD_TIME / 1000) * (requests / seconds));
  return Math.max(1, burst - held);
}

/** Tokens that nobody took for so long, in milliseconds, would now come too close to those that others have. */
const STALE = 100;

/** A bucket whose tokens come from a limiter, as many at a time as are wanted. */
export function createSharedBucket(
  limiter: Limiter,
  { requests, seconds }: Rate,
  { wanted, wake, fail }: Waiters,
  clock: Clock,
): Bucket {
  const interval = (seconds * 1000) / requests;
  let stock = 0;
  let stockedAt = 0;
  let asking: AbortController | undefined;
  let askedAt = 0;

  const ask = async (): Promise<void> => {
    const own = new AbortController();
    asking = own;
    askedAt = clock.now();
    try {
      stock = await limiter.take(Math.max(1, wanted()), own.signal);
      stockedAt = clock.now();
      if (asking === own) asking = undefined;
      wake();
    } catch (error) {
      if (asking === own) asking = undefined;
      if (!own.signal.aborted) fail(error as Error);
    }
  };

  return {
    readyAt(now) {
      if (now - stockedAt > STALE) stock = 0;
      if (stock > 0) return now;
      if (asking === undefined) void ask();
      return now + Math.max(ANSWERED, interval);
    },
    wait: (_, tokens) => (tokens - stock) * interval,
    take() {
      stock--;
      return { answered: () => {} };
    },
    isHeld: (now) => now - askedAt >= ANSWERED,
    rest() {
      asking?.abort();
      asking = undefined;
    },
  };
}
