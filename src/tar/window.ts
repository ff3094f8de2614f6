/** Bytes that can be read from any place, as those of a file. */
export interface RandomAccess {
  /** In bytes. */
  readonly size: number;
  /** Reads a part; fewer bytes than asked for only where they end. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** Reads small pieces from here and there, with few reads of what they come from. */
export interface Window {
  /** A piece; it is good until the next is read. Shorter than asked for where the source is. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** How much is read where the pieces lie close together, and where they lie far apart, in bytes. */
const NEAR = 256 * 1024;
const FAR = 4 * 1024;

/** Reads nothing before the first piece is asked for. */
export function createWindow(source: RandomAccess): Window {
  let held: Uint8Array = new Uint8Array(0);
  let start = 0;
  return {
    async read(at, length) {
      const end = start + held.length;
      if (at < start || at + length > end) {
        const size = at >= start && at - end < NEAR / 8 ? NEAR : FAR;
        held = await source.read(at, Math.min(Math.max(length, size), Math.max(source.size - at, 0)));
        start = at;
      }
      return held.subarray(at - start, at - start + length);
    },
  };
}
