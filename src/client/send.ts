import {
  followRedirects,
  observe,
  retry,
  schedule,
  type Pace,
  type Rate,
  type Transport,
} from '../transport/index.ts';
import type { ClientOptions } from './options.ts';

/** Docker Hub bans addresses that ask much faster for a while, whoever they belong to. */
const RATES: ReadonlyMap<string, Rate> = new Map([
  ['https://registry-1.docker.io', { requests: 300, seconds: 60 }],
]);

/**
 * A transport as clients use it: redirects are followed, and each request on the way, repetitions too, waits for its
 * turn and is told.
 * @param registry the registry's address: what is set for its pace is not for token servers, or where blobs are kept
 */
export function patientTransport(transport: Transport, registry: URL, options: ClientOptions): Transport {
  const { pace = {}, limiter, retries, maxWait, onEvent, clock } = options;
  const common = {
    ...(maxWait !== undefined && { maxWait }),
    ...(onEvent !== undefined && { onEvent }),
    ...(clock !== undefined && { clock }),
  };
  const told = onEvent === undefined ? transport : observe(transport, onEvent, clock);
  const scheduled = schedule(told, { ...common, pace: paceOf(registry, pace, limiter) });
  return followRedirects(retry(scheduled, { ...common, ...(retries !== undefined && { retries }) }));
}

/**
 * How many requests a registry gets in a time: what is told, else what is known of it.
 * @param registry its address
 */
export function rateOf(registry: URL, { rate = RATES.get(registry.origin) }: Pace = {}): Rate | undefined {
  return rate;
}

// How many requests may be under way is said of the client; how fast they may follow, of the registry.
function paceOf(registry: URL, pace: Pace, limiter: ClientOptions['limiter']): (origin: string) => Pace {
  const { concurrency } = pace;
  const rate = rateOf(registry, pace);
  const elsewhere: Pace = { ...(concurrency !== undefined && { concurrency }) };
  const own: Pace = {
    ...elsewhere,
    ...(rate !== undefined && { rate }),
    ...(rate !== undefined && limiter !== undefined && { limiter: limiter(registry.origin, rate) }),
  };
  return (origin) => (origin === registry.origin ? own : elsewhere);
}
