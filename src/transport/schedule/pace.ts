/** How many requests a server gets in a time. */
export interface Rate {
  /** So many may go at once; then they are renewed evenly. */
  readonly requests: number;
  /** The time in which that many are renewed. */
  readonly seconds: number;
}

/** How fast a server is asked. */
export interface Pace {
  /** How many requests may wait for their answer at the most. 32 unless told. */
  readonly concurrency?: number;
  /** As fast as answers come, unless told. */
  readonly rate?: Rate;
}

/**
 * Checks a pace, and fills in what is not told.
 * @throws {RangeError} for one with which no request would ever go.
 */
export function completePace({ concurrency = 32, rate }: Pace): Pace & { readonly concurrency: number } {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new RangeError(`no concurrency: ${concurrency}; it is a whole number, at least 1`);
  if (rate !== undefined && !(rate.requests > 0 && rate.seconds > 0 && Number.isFinite(rate.seconds)))
    throw new RangeError(`no rate: ${rate.requests} requests in ${rate.seconds} s; both are more than 0`);
  return { concurrency, ...(rate !== undefined && { rate }) };
}
