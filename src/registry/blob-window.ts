/** The part of a stream that is at hand: what was read of it last, and what has come and was not read yet. */
export interface BlobWindow {
  /** Whether a place is in it, or ahead of it by no more than so many bytes. */
  reaches(place: number, ahead: number): boolean;
  /** Reads from a place in reach on; fewer bytes only at the end. */
  read(place: number, length: number): Promise<Uint8Array>;
  /** What is next from a place in reach on: at least a byte; undefined at the end. */
  piece(place: number): Promise<Uint8Array | undefined>;
  /** A part, if all of it is here. */
  kept(start: number, end: number): Uint8Array | undefined;
  /** Lets go of what lies before a place. */
  forget(place: number): void;
}

/**
 * Opens a window on a stream. What it gives are copies: what is kept stays as it came, whatever is done to them.
 * @param start where in the blob the stream begins, in bytes
 */
export function createBlobWindow(stream: AsyncIterable<Uint8Array>, start: number): BlobWindow {
  const iterator = stream[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  // From where to where the chunks reach.
  let [first, end] = [start, start];
  let done = false;

  /** Waits until the bytes before a place have come, or the end. */
  const pull = async (place: number): Promise<void> => {
    while (!done && end < place) {
      const next = await iterator.next();
      if (next.done === true) done = true;
      else {
        chunks.push(next.value);
        end += next.value.length;
      }
    }
  };
  const part = (from: number, to: number): Uint8Array => {
    const bytes = new Uint8Array(Math.max(0, to - from));
    let at = first;
    for (const chunk of chunks) {
      const [low, high] = [Math.max(from, at), Math.min(to, at + chunk.length)];
      if (low < high) bytes.set(chunk.subarray(low - at, high - at), low - from);
      at += chunk.length;
    }
    return bytes;
  };
  return {
    reaches: (place, ahead) => place >= first && place <= end + ahead,
    async read(place, length) {
      await pull(place + length);
      return part(place, Math.min(place + length, end));
    },
    async piece(place) {
      await pull(place + 1);
      let at = first;
      for (const chunk of chunks) {
        if (place < at + chunk.length) return chunk.slice(place - at);
        at += chunk.length;
      }
      return undefined;
    },
    kept: (from, to) => (from >= first && to <= end ? part(from, to) : undefined),
    forget(place) {
      for (let chunk = chunks[0]; chunk !== undefined && first < place; chunk = chunks[0]) {
        const length = Math.min(place - first, chunk.length);
        if (length === chunk.length) chunks.shift();
        else chunks[0] = chunk.subarray(length);
        first += length;
      }
    },
  };
}
