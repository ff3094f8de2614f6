/** What several processes of one run find out together, so that each thing is asked for by one of them. */
export interface Ledger {
  /**
   * What was found for a key, by whoever of the processes looked first.
   * @param find looks, if nobody has; what it fails with is told to its caller alone
   */
  once(key: string, find: () => Promise<string>): Promise<string>;
  /**
   * Takes units of work from the run's queue.
   * @returns the number of the first of `count` units that nobody else gets
   */
  next(count: number): Promise<number>;
}
