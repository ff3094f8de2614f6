import { askedDelay, parseQuota, type HeaderFields } from '../../protocol/index.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { Listener, QuotaEvent, WaitEvent } from '../event.ts';
import type { Transport } from '../transport.ts';
import { createGate, type Gate } from './gate.ts';
import type { Pace } from './pace.ts';
import { DEFAULT_MAX_WAIT } from './pause.ts';
import type { Outcome } from './window.ts';

/** Settings of a scheduler. */
export interface ScheduleOptions {
  /** How fast each server is asked: one pace for all, or by origin (scheme, host, port). */
  readonly pace?: Pace | ((origin: string) => Pace);
  /** The longest pause that a server may ask for and get, in milliseconds. 300,000 unless told. */
  readonly maxWait?: number;
  /** Is told when requests are held back, and what is left of a server's limits. */
  readonly onEvent?: Listener<WaitEvent | QuotaEvent>;
  readonly clock?: Clock;
}

/** What is known of one origin. */
interface Origin {
  readonly gate: Gate;
  /** What its last answer said of its limits. */
  quota: string;
}

/**
 * Asks each server no faster than it can bear. Every origin has a window of requests that may wait for their answers,
 * which halves with a 429 and then grows again; a bucket of tokens, for the rate that is set, or, once a 429 has come, for
 * that which seems to be allowed; and a pause,
 * when a 429 or 503 asks for one by `Retry-After`. Requests wait for all three in the order in which they came.
 * @throws {RegistryError} `TOOMANYREQUESTS`, or `UNAVAILABLE` for a server that said 503, without asking, while the
 * pause that the server wants is longer than `maxWait`; {RangeError} for a pace with which no request would ever go.
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function schedule(transport: Transport, options: ScheduleOptions = {}): Transport {
  const { pace = {}, maxWait = DEFAULT_MAX_WAIT, onEvent = () => {}, clock = systemClock } = options;
  const origins = new Map<string, Origin>();

  const originOf = (name: string): Origin => {
    const known = origins.get(name);
    if (known !== undefined) return known;
    const paceOf = typeof pace === 'function' ? pace(name) : pace;
    const origin = { gate: createGate(name, paceOf, { maxWait, onEvent, clock }), quota: '' };
    origins.set(name, origin);
    return origin;
  };

  // Limits are told and not kept to: on Docker Hub, say, only some of the requests count.
  const tellQuota = (name: string, origin: Origin, headers: HeaderFields): void => {
    const quota = parseQuota(headers);
    if (quota === undefined || JSON.stringify(quota) === origin.quota) return;
    origin.quota = JSON.stringify(quota);
    onEvent({ type: 'quota', origin: name, ...quota });
  };

  return async (request) => {
    const name = request.url.origin;
    const origin = originOf(name);
    const slot = await origin.gate.enter(request);
    let outcome: Outcome = 'failed';
    try {
      const response = await transport(request);
      const { status, headers } = response;
      outcome = outcomeOf(status);
      const seconds = status === 429 || status === 503 ? askedDelay(status, headers) : undefined;
      if (seconds !== undefined) origin.gate.pause(seconds * 1000, status);
      tellQuota(name, origin, headers);
      return response;
    } finally {
      slot.free(outcome);
    }
  };
}

function outcomeOf(status: number): Outcome {
  if (status === 429) return 'limited';
  return status === 408 || status >= 500 ? 'failed' : 'served';
}
