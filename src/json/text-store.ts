/** A text that is kept for later. */
export interface StoredText {
  read(): string;
}

/**
 * Keeps many texts outside of the heap: garbage collection takes several times as much for itself as there is on it.
 */
export interface TextStore {
  keep(text: string): StoredText;
}

/** Texts are put one behind the other into blocks of this size, in bytes. Each by itself would take more. */
const BLOCK = 1024 * 1024;

/** An empty store. What is kept in it goes with it. */
export function createTextStore(): TextStore {
  let block = Buffer.alloc(0);
  let end = 0;
  return {
    keep(text) {
      const length = Buffer.byteLength(text);
      if (end + length > block.length) {
        block = Buffer.allocUnsafeSlow(Math.max(BLOCK, length));
        end = 0;
      }
      const [own, start] = [block, end];
      end += own.write(text, start);
      const after = end;
      return { read: () => own.toString('utf8', start, after) };
    },
  };
}

/** The same text by itself. A part that was cut out of a long text would keep all of that in memory. */
export function detachString(text: string): string {
  return Buffer.from(text).toString();
}
