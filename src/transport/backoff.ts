import type { Clock } from './clock.ts';

/** The least and the longest wait between two tries, in milliseconds. */
export interface BackoffBounds {
  readonly base: number;
  readonly cap: number;
}

/** Waits that grow from one try to the next, spread by chance so that those who failed together do not return together. */
export interface Backoff {
  /** The next wait, in milliseconds. */
  next(): number;
  /** Begins anew: something went well. */
  reset(): void;
}

/**
 * "Decorrelated jitter": each wait lies between the least one and three times the one before.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function createBackoff({ base, cap }: BackoffBounds, clock: Clock): Backoff {
  let last = base;
  return {
    next: () => (last = Math.min(cap, base + clock.random() * (last * 3 - base))),
    reset: () => void (last = base),
  };
}
