import { isRegistryError } from '../registry/index.ts';
import { createBackoff, faultOf } from '../transport/index.ts';
import type { Position } from './push-chunk.ts';
import type { Session } from './session.ts';
import { isGone } from './upload-answer.ts';

/**
 * Why a push did not go on as it should, where it may go on all the same:
 * - `broken`: the connection, or the registry for a moment; what came of it is not known
 * - `elsewhere`: the upload does not stand where we thought
 * - `too large`: for this registry, or a proxy before it
 * - `gone`: the upload is not known any more
 * - `spoilt`: it holds other bytes than ours, and was gone on with
 */
export type Setback = 'broken' | 'elsewhere' | 'too large' | 'gone' | 'spoilt';

/** Answers that may be others the next time, and do not tell what was done before they were given. */
const PASSING: ReadonlySet<number> = new Set([408, 500, 502, 503, 504]);

/** What an error means for a push. @returns undefined for what is meant for good. */
export function setbackOf(error: unknown, { isResumed, offset }: Position): Setback | undefined {
  if (!isRegistryError(error)) return undefined;
  const { status, code } = error;
  const fault = faultOf(error);
  if (fault !== undefined) return fault.kind === 'lasting' ? undefined : 'broken';
  if (code === 'UPLOAD_RANGE_MISMATCH' || status === 416) return 'elsewhere';
  if (status === undefined) return undefined;
  if (PASSING.has(status)) return 'broken';
  if (status === 413) return 'too large';
  // Bytes are not the wrong ones by accident, unless some of them came from an earlier try.
  if (code === 'DIGEST_INVALID') return isResumed ? 'spoilt' : undefined;
  // The first request to an upload finds it, or the registry is none that one can push to.
  if (!isResumed && offset === 0) return undefined;
  return isGone(error) ? 'gone' : undefined;
}

/** Whether the upload may be gone on with later, by another process: nothing was said against it. */
export function isForNow(error: unknown): boolean {
  if (!isRegistryError(error)) return false;
  const { status } = error;
  if (status === undefined) return faultOf(error) !== undefined;
  return status >= 500 || [401, 403, 408, 416, 429].includes(status);
}

/** How much longer a push is tried. */
export interface PushPatience {
  /** Counts a setback. @returns whether it is worth another try. */
  has(setback: Setback): boolean;
  /** How many breaks there were since the last progress. */
  readonly breaks: number;
  /** The registry holds so many bytes: if that is progress, the count begins anew. */
  reached(offset: number): void;
  /** Waits after a break. @throws the signal's reason */
  pause(signal: AbortSignal | undefined): Promise<void>;
}

/** Corrections are no accidents: a registry that wants more of them than this does not know what it wants. */
const MOST_CORRECTIONS = 5;
/** What counts as progress, in bytes. A byte for each try would go on for ever. */
const PROGRESS = 64 * 1024;
/** The least and the longest wait, in milliseconds. */
const [BASE, CAP] = [200, 10_000];

/** Makes the patience for one push. */
export function pushPatience({ retries, clock }: Session): PushPatience {
  const backoff = createBackoff({ base: BASE, cap: CAP }, clock);
  let [breaks, corrections, mark] = [0, 0, 0];
  return {
    get breaks() {
      return breaks;
    },
    has: (setback) => (setback === 'broken' ? ++breaks <= retries : ++corrections <= MOST_CORRECTIONS),
    reached(offset) {
      if (offset < mark + PROGRESS) return;
      mark = offset;
      [breaks, corrections] = [0, 0];
      backoff.reset();
    },
    async pause(signal) {
      await clock.sleep(backoff.next(), signal);
    },
  };
}
