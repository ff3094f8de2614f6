/** The package carries no types; these are the calls that we use. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on an open file if nobody has one. */
  export function tryLock(fd: number): boolean;
  /** Waits, on a thread of its own, until the exclusive lock is ours. */
  export function waitForLock(fd: number): Promise<void>;
}
