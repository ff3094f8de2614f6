/** Bodies that break off in the middle: what counts as that, and how often the rest is asked for. */
import { createBackoff, faultOf, redactUrl, type TransportResponse } from '../transport/index.ts';
import type { Call, Session } from './session.ts';

/** The least and the longest wait before that, in milliseconds. */
const [BASE, CAP] = [100, 10_000];

/** Why a body did not come to its end. */
export interface Break {
  /** In a word, without secrets. */
  readonly reason: string;
  readonly cause?: unknown;
}

/**
 * Whether a body was broken by the connection, so that asking again may help.
 * @returns undefined for all other errors, and for any once the caller's own signal was aborted
 */
export function breakOf(error: unknown, signal: AbortSignal | undefined): Break | undefined {
  const fault = signal?.aborted === true ? undefined : faultOf(error);
  return fault === undefined ? undefined : { reason: fault.reason, cause: error };
}

/** How long a reader goes on. */
export interface Patience {
  /** Something came: the count begins anew. */
  renew(): void;
  /**
   * Tells of a break, and waits before the next try.
   * @param response the answer that broke off
   * @param offset the byte that will be asked for
   * @param came how much had come, in words
   * @throws {RegistryError} `UNAVAILABLE` when it was tried often enough; `SIZE_MISMATCH` where nothing broke.
   */
  wait(broken: Break, response: TransportResponse, offset: number, came: string): Promise<void>;
}

/**
 * Makes the patience for one read.
 * @param signal ends the waits
 */
export function createPatience(session: Session, call: Call, signal: AbortSignal | undefined): Patience {
  const backoff = createBackoff({ base: BASE, cap: CAP }, session.clock);
  let tries = 0;
  return {
    renew() {
      tries = 0;
      backoff.reset();
    },
    async wait({ reason, cause }, response, offset, came) {
      if (tries === session.retries) {
        const more =
          tries === 0 ? '' : `, and ${tries} more ${tries === 1 ? 'try' : 'tries'} brought nothing`;
        // Where the connection is well and it is short every time, it is not what was promised.
        const code = cause === undefined ? 'SIZE_MISMATCH' : 'UNAVAILABLE';
        throw session.invalid(call, code, `the answer broke off after ${came}${more} (${reason})`, cause);
      }
      tries++;
      session.tell({ type: 'resume', url: redactUrl(response.url), offset, reason });
      await session.clock.sleep(backoff.next(), signal);
    },
  };
}
