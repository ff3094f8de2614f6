import type { Clock } from '../transport/index.ts';

/** How long what is under way may take when it should end, in milliseconds. People wait for no longer. */
const GRACE = 5000;

/** A signal that is aborted a moment after another one. */
export interface Grace {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/**
 * Gives what is under way some time to end by itself. A chunk that distribution has taken half of makes all the others
 * worthless; to finish it costs less.
 */
export function graceAfter(signal: AbortSignal | undefined, clock: Clock): Grace {
  const late = new AbortController();
  const over = new AbortController();
  const begin = (): void => {
    clock.sleep(GRACE, over.signal).then(
      () => late.abort(signal?.reason),
      // It ended in time.
      () => {},
    );
  };
  if (signal?.aborted) begin();
  else signal?.addEventListener('abort', begin, { once: true });
  return {
    signal: late.signal,
    release() {
      signal?.removeEventListener('abort', begin);
      over.abort();
    },
  };
}
