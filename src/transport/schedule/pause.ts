import { RegistryError } from '../../registry/index.ts';
import type { Clock } from '../clock.ts';
import type { Listener, WaitEvent } from '../event.ts';
import { redactUrl } from '../origin.ts';
import type { TransportRequest } from '../transport.ts';

/** How long a server wants to be left alone. */
export interface Pause {
  /** In milliseconds on the clock; past, if it does not. */
  readonly until: number;
  /** Whether that is longer than anybody is to wait. */
  readonly isTooLong: boolean;
  /** Takes note of what a server asks for. @param milliseconds from now on @param status with which it asked */
  extend(milliseconds: number, status: number): void;
  /** Tells of the pause, once, if it is one that is waited for. */
  tell(): void;
  /** For a request that comes in a pause that is too long. */
  refusal(request: TransportRequest): RegistryError;
}

export interface PauseOptions {
  /** The longest pause that is waited for, in milliseconds. */
  readonly maxWait: number;
  readonly onEvent: Listener<WaitEvent>;
  readonly clock: Clock;
}

/** How long servers may have us wait, unless told, in milliseconds. */
export const DEFAULT_MAX_WAIT = 300_000;

/** The answers to requests that were under way together ask for one pause, each a moment later. In milliseconds. */
const SAME_PAUSE = 1000;

/** No pause yet. */
export function createPause(origin: string, { maxWait, onEvent, clock }: PauseOptions): Pause {
  let [until, told] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let askedWith = 429;
  const left = (): number => until - clock.now();
  return {
    get until() {
      return until;
    },
    get isTooLong() {
      return left() > maxWait;
    },
    extend(milliseconds, status) {
      if (milliseconds <= left()) return;
      until = clock.now() + milliseconds;
      askedWith = status;
    },
    tell() {
      const duration = left();
      if (duration <= 0 || duration > maxWait || until < told + SAME_PAUSE) return;
      told = until;
      onEvent({ type: 'wait', origin, reason: 'asked', duration });
    },
    refusal({ method, url }) {
      const seconds = Math.ceil(left() / 1000);
      return new RegistryError(
        askedWith === 429 ? 'TOOMANYREQUESTS' : 'UNAVAILABLE',
        `${url.host} asks us to wait ${seconds} s before the next request, longer than the ` +
          `${Math.floor(maxWait / 1000)} s that we may; --max-wait allows more`,
        { status: askedWith, method, url: redactUrl(url), retryAfter: seconds },
      );
    },
  };
}
