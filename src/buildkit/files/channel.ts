/** A queue between tasks: who puts something in waits while it is full, and who takes out while it is empty. */
export interface Channel<T> extends AsyncIterable<T> {
  /** @returns once there is room. What comes after the end is dropped. */
  put(value: T): Promise<void>;
  /** What is in the queue can still be taken; then it ends, or fails with the reason that is given first. */
  end(reason?: { readonly error: unknown }): void;
}

/**
 * Makes a queue.
 * @param capacity how many may wait in it
 */
export function createChannel<T>(capacity: number): Channel<T> {
  const waiting: T[] = [];
  let ended: { readonly reason: { readonly error: unknown } | undefined } | undefined;
  let takers: (() => void)[] = [];
  let putters: (() => void)[] = [];
  const isFull = (): boolean => waiting.length >= capacity && ended === undefined;
  const wake = (sleepers: readonly (() => void)[]): void => {
    for (const resolve of sleepers) resolve();
  };
  const wakeTakers = (): void => {
    const sleepers = takers;
    takers = [];
    wake(sleepers);
  };
  const wakePutters = (): void => {
    const sleepers = putters;
    putters = [];
    wake(sleepers);
  };
  return {
    async put(value) {
      while (isFull()) await new Promise<void>((resolve) => putters.push(resolve));
      if (ended !== undefined) return;
      waiting.push(value);
      wakeTakers();
    },
    end(reason) {
      ended ??= { reason };
      wakeTakers();
      wakePutters();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const value = waiting.shift();
        if (value !== undefined) {
          wakePutters();
          yield value;
        } else if (ended === undefined) {
          await new Promise<void>((resolve) => takers.push(resolve));
        } else {
          if (ended.reason !== undefined) throw ended.reason.error;
          return;
        }
      }
    },
  };
}
