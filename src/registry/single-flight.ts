import { createAbortWatch } from './abort-watch.ts';

/** One piece of work for all who want the same at the same time. */
export interface SingleFlight<T> {
  /**
   * Joins the work that is under way for a key, or starts it.
   * @param start is given a signal that is aborted when all who waited have gone, not when the first has
   * @throws the signal's reason, when this one no longer waits
   */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface Flight<T> {
  readonly landing: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
}

/** Makes an empty sky. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  const take = (key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const abandon = new AbortController();
    const flight = { landing: start(abandon.signal), abandon, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  return {
    async join(key, start, signal) {
      signal?.throwIfAborted();
      const flight = flights.get(key) ?? take(key, start);
      flight.waiting++;
      let landed = true;
      try {
        return await abortable(flight.landing, signal, () => (landed = false));
      } finally {
        flight.waiting--;
        // Whoever comes after the landing, or after all have left, starts anew.
        if ((landed || flight.waiting === 0) && flights.get(key) === flight) flights.delete(key);
        if (!landed && flight.waiting === 0) flight.abandon.abort();
      }
    },
  };
}

const leaving = createAbortWatch<(reason: Error) => void>((leave, reason) => leave(reason));

/** Waits for something that cannot be told to stop, until the signal says that nobody needs it. */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  onAbort?: () => void,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const leave = (reason: Error): void => {
      leaving.delete(leave, signal);
      onAbort?.();
      reject(reason);
    };
    if (signal.aborted) leave(signal.reason as Error);
    else leaving.add(leave, signal);
    void promise.then(resolve, reject).finally(() => leaving.delete(leave, signal));
  });
}
