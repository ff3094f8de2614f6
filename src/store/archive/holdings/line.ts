/** A line in which work waits for the work before it, whatever comes of that. */
export interface Line {
  /** Does something when all that came before is done. */
  next<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until nothing is under way. */
  settled(): Promise<void>;
}

/** A line in which nobody stands. */
export function createLine(): Line {
  let last: Promise<unknown> = Promise.resolve();
  return {
    next(work) {
      const mine = last.then(work, work);
      last = mine;
      mine.catch(() => {});
      return mine;
    },
    async settled() {
      await last.catch(() => {});
    },
  };
}
