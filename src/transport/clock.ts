import { abortable } from '../registry/index.ts';

/** Time and chance, for tests to put in their own. */
export interface Clock {
  /** In milliseconds, of a clock that does not jump. */
  now(): number;
  /** Waits. @throws the signal's reason, when it is aborted meanwhile. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}

/** Timers of more milliseconds go off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, signal) {
    for (let left = milliseconds; ; left -= LONGEST_TIMER) {
      await sleepOnce(Math.min(left, LONGEST_TIMER), signal);
      if (left <= LONGEST_TIMER) return;
    }
  },
  random: Math.random,
};

async function sleepOnce(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  try {
    await abortable(slept, signal);
  } finally {
    clearTimeout(timer);
  }
}
