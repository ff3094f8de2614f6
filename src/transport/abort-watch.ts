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
 * Listens to each signal once, however many wait under it: the time that a signal takes for a listener grows with those
 * that it has, and one may stand over thousands of requests.
 * @param onAbort is called for each of those whose signal fires
 */
export function createAbortWatch<T>(onAbort: (one: T, reason: Error) => void): AbortWatch<T> {
  const watched = new Map<AbortSignal, Watched<T>>();
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
