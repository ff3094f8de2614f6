/** Something that waits for its turn, and whoever waits for it. */
export interface Waiting<Turn> {
  /** Does it. It has not succeeded before that is told: what it is part of may fail. */
  apply(turn: Turn): Promise<void>;
  succeed(): void;
  fail(error: unknown): void;
  readonly signal: AbortSignal | undefined;
}

/** Has many do things in one turn that is dear to get. */
export interface Group<Turn> {
  /** Does something in the next turn, and waits until all of that is done. */
  join<T>(work: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Gathers what comes while a turn is waited for, or taken.
 * @param takeTurn waits for a turn, and then for `ready()`: all who wait by then. It has each of them succeed or fail; what it
 *   fails with, those fail with who wait still
 */
export function createGroup<Turn>(
  takeTurn: (ready: () => readonly Waiting<Turn>[]) => Promise<void>,
): Group<Turn> {
  const waiting: Waiting<Turn>[] = [];
  let isBusy = false;

  const run = async (): Promise<void> => {
    isBusy = true;
    try {
      while (waiting.length > 0) {
        await takeTurn(() => waiting.splice(0));
        // The kernel has woken others that wait for the same; they are to get it before we ask again.
        if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      for (const each of waiting.splice(0)) each.fail(error);
    } finally {
      isBusy = false;
    }
  };
  return {
    join<T>(work: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        // Of one that is aborted already no event comes.
        signal?.throwIfAborted();
        let result: { readonly value: T };
        const abort = (): void => {
          const at = waiting.indexOf(entry);
          if (at < 0) return;
          waiting.splice(at, 1);
          entry.fail(signal?.reason);
        };
        const entry: Waiting<Turn> = {
          signal,
          apply: async (turn) => {
            result = { value: await work(turn) };
          },
          succeed() {
            signal?.removeEventListener('abort', abort);
            resolve(result.value);
          },
          fail(error) {
            signal?.removeEventListener('abort', abort);
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an error of the work itself, or a signal's reason
            reject(error);
          },
        };
        signal?.addEventListener('abort', abort);
        waiting.push(entry);
        if (!isBusy) void run();
      });
    },
  };
}
