import type { Clock, Rate, Transport } from '../../src/transport/index.ts';

/** What a server makes of a request that comes: undefined if it is served, else how long to wait, in milliseconds. */
export type Limit = (now: number, underWay: number) => number | undefined;

/** A bucket of tokens, exactly. */
export function bucketLimit({ requests, seconds, burst = requests }: Rate): Limit {
  const perMillisecond = requests / seconds / 1000;
  let [tokens, last] = [burst, 0];
  return (now) => {
    tokens = Math.min(burst, tokens + (now - last) * perMillisecond);
    last = now;
    // A billionth of a token is a matter of rounding.
    if (tokens < 1 - 1e-9) return (1 - tokens) / perMillisecond;
    tokens--;
    return undefined;
  };
}

export interface LimitedServer {
  readonly transport: Transport;
  /** When it refused a request, in milliseconds. */
  readonly refusals: readonly number[];
  readonly served: number;
}

/**
 * A server with a limit, some way off.
 * @param way how long the next request takes to get there, and its answer to come back, in milliseconds
 */
export function limitedServer(
  limit: Limit,
  clock: Clock,
  way: () => readonly [number, number],
  { tells = true }: { readonly tells?: boolean } = {},
): LimitedServer {
  const refusals: number[] = [];
  let [served, underWay] = [0, 0];
  return {
    refusals,
    get served() {
      return served;
    },
    async transport({ url }) {
      const [there, back] = way();
      underWay++;
      await clock.sleep(there);
      const wait = limit(clock.now(), underWay);
      if (wait === undefined) served++;
      else refusals.push(clock.now());
      await clock.sleep(back);
      underWay--;
      const seconds = String(Math.max(1, Math.ceil((wait ?? 0) / 1000)));
      return {
        status: wait === undefined ? 200 : 429,
        headers: wait !== undefined && tells ? { 'retry-after': seconds } : {},
        url,
        body: (async function* () {})(),
        discard: async () => {},
      };
    },
  };
}
