import type { Rate } from './pace.ts';

/** A bucket of tokens, one for each request: full at first, and refilled all the time. Times are in milliseconds. */
export interface Bucket {
  /** When the next token is there, or, of the next so many, the last; not later than now if it is there already. */
  readyAt(tokens?: number): number;
  /** Takes one out. */
  take(now: number): void;
}

/**
 * Fills a bucket. All there is to know about it is when it will be full again: each token that is taken
 * puts that off by the time in which one is refilled.
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function createBucket({ requests, seconds }: Rate): Bucket {
  const interval = (seconds * 1000) / requests;
  /** How long before it is full a token is there. */
  const ahead = Math.max(0, seconds * 1000 - interval);
  let fullAt = Number.NEGATIVE_INFINITY;
  return {
    readyAt: (tokens = 1) => fullAt - ahead + (tokens - 1) * interval,
    take: (now) => void (fullAt = Math.max(fullAt, now) + interval),
  };
}
