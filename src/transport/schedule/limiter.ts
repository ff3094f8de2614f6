/** Gives out the tokens of a bucket that several processes share. */
export interface Limiter {
  /**
   * Waits until tokens are there, and takes them. They are to be used at once, or they are lost.
   * @param most how many are wanted, at least 1
   * @returns how many there are, at least 1
   * @throws the signal's reason; and whatever keeps it from asking for more, which fails all requests that wait.
   */
  take(most: number, signal: AbortSignal): Promise<number>;
}
