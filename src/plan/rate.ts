/** How many requests a server gets in a time. */
export interface PlannedRate {
  /** So many are renewed, evenly, … */
  readonly requests: number;
  /** … in this time. */
  readonly seconds: number;
  /** So many may go at once, before the rate is kept to. As many as are renewed unless told. */
  readonly burst?: number;
}

/**
 * How long requests take at a rate, in seconds: the burst goes at once, and each further one when it may. Without
 * what the answers take.
 * @returns undefined where no rate is set.
 */
export function plannedSeconds(requests: number, rate: PlannedRate | undefined): number | undefined {
  if (rate === undefined) return undefined;
  const { burst = rate.requests } = rate;
  // An empty bucket still gives one at a time.
  return Math.max(0, requests - Math.max(1, burst)) * (rate.seconds / rate.requests);
}
