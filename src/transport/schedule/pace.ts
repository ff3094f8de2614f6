import type { Limiter } from './limiter.ts';

/** How many requests a server gets in a time. */
export interface Rate {
  readonly requests: number;
  /** The time in which so many may be made, evenly. */
  readonly seconds: number;
  /** How many that were not made are saved up, and may be made at once: as many as `requests` unless told. */
  readonly burst?: number;
}

/** How fast a server is asked. */
export interface Pace {
  /** How many requests may wait for their answer at the most. 32 unless told. */
  readonly concurrency?: number;
  /**
   * As fast as answers come, unless told; when the server refuses some of them, it is found out how fast that may be, if
   * it is a matter of that. An infinite number of requests is as fast as answers come, whatever happens.
   */
  readonly rate?: Rate;
  /** Gives out what the rate allows, where other processes have a share in it. */
  readonly limiter?: Limiter;
}

/**
 * Checks a pace, and fills in what is not told.
 * @throws {RangeError} for one with which no request would ever go.
 */
export function completePace({
  concurrency = 32,
  rate,
  limiter,
}: Pace): Pace & { readonly concurrency: number } {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new RangeError(`no concurrency: ${concurrency}; it is a whole number, at least 1`);
  if (rate !== undefined && !(rate.requests > 0 && rate.seconds > 0 && Number.isFinite(rate.seconds)))
    throw new RangeError(`no rate: ${rate.requests} requests in ${rate.seconds} s; both are more than 0`);
  if (rate?.burst !== undefined && !(rate.burst >= 1))
    throw new RangeError(`no burst: ${rate.burst} requests at once; it is at least 1`);
  return { concurrency, ...(rate !== undefined && { rate }), ...(limiter !== undefined && { limiter }) };
}
