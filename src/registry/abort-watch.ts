/** Those who wait for something, and the signals that end their waits. */
export interface AbortWatch<T> {
  add(one: T, signal: AbortSignal | undefined): void;
  delete(one: T, signal: AbortSignal | undefined): void;
}

interface Watched<T> {
  readonly all: Set<T>;
  stop(): void;
}

/**
 * Listens to each signal once, however many wait under it: one may stand over thousands of requests, while Node takes more
 * than ten listeners for a leak, and the time that a signal takes for one grows with those that it has.
 * @param onAbort is called for each of those whose signal fires
 */
export function createAbortWatch<T>(onAbort: (one: T, reason: Error) => void): AbortWatch<T> {
  // Weak, for those who wait for something that never comes.
  const watched = new WeakMap<AbortSignal, Watched<T>>();
  const watch = (signal: AbortSignal): Watched<T> => {
    const all = new Set<T>();
    const fire = (): void => {
      for (const one of all) onAbort(one, signal.reason as Error);
    };
    signal.addEventListener('abort', fire, { once: true });
    const made = { all, stop: () => signal.removeEventListener('abort', fire) };
    watched.set(signal, made);
    return made;
  };
  return {
    add(one, signal) {
      if (signal !== undefined) (watched.get(signal) ?? watch(signal)).all.add(one);
    },
    delete(one, signal) {
      const known = signal === undefined ? undefined : watched.get(signal);
      if (signal === undefined || known === undefined) return;
      known.all.delete(one);
      if (known.all.size > 0) return;
      known.stop();
      watched.delete(signal);
    },
  };
}
