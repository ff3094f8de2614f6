/** Where a body comes from: undici's connection. */
export interface Tap {
  pause(): void;
  resume(): void;
  /** Closes it. */
  abort(reason: Error): void;
}

/** A body while it comes in. */
export interface ArrivingBody {
  add(chunk: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
  /** All of it, if it has ended and nobody has begun to read. */
  readonly whole: Uint8Array | undefined;
  /** For one reader. Who leaves in the middle closes the connection. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Takes in a short rest for the sake of the connection, and closes that of a long or slow one. Never fails. */
  discard(): Promise<void>;
}

/** As much may wait for its reader, in bytes; then the server waits. */
const HELD = 128 * 1024;

/** As long as the rest of a body that nobody wants is worth its connection: in bytes, and in milliseconds. */
const [DISCARD_LIMIT, DISCARD_TIMEOUT] = [128 * 1024, 2000];

/**
 * Keeps what has come of a body until it is read. Most are there at once: a stream of Node's, for each of thousands of
 * small documents, would take as long as all that is done with them.
 * @param announced its length, in bytes, if it was told
 */
export function createArrivingBody(tap: Tap, announced: number | undefined): ArrivingBody {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let over: 'ended' | { readonly error: unknown } | undefined;
  let begun = false;
  /** How much has been discarded, if anything. */
  let discarded: number | undefined;
  let waiting: (() => void)[] = [];

  const changed = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const tell = (): void => {
    const told = waiting;
    waiting = [];
    for (const one of told) one();
  };
  const isOver = (): boolean => over !== undefined;
  const close = (): void => tap.abort(new Error('nobody reads on'));

  const take = (): Uint8Array | undefined => {
    const chunk = chunks.shift();
    if (chunk === undefined) return undefined;
    held -= chunk.length;
    if (held < HELD && !isOver()) tap.resume();
    return chunk;
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    begun = true;
    try {
      for (;;) {
        const chunk = take();
        if (chunk !== undefined) yield chunk;
        else if (over === 'ended') return;
        else if (over !== undefined) throw over.error;
        else await changed();
      }
    } finally {
      if (!isOver()) close();
    }
  }

  return {
    add(chunk) {
      if (discarded === undefined) {
        chunks.push(chunk);
        held += chunk.length;
        if (held >= HELD) tap.pause();
        tell();
      } else {
        discarded += chunk.length;
        if (discarded > DISCARD_LIMIT) close();
      }
    },
    end() {
      over = 'ended';
      tell();
    },
    fail(error) {
      over ??= { error };
      tell();
    },
    get whole() {
      if (over !== 'ended' || begun) return undefined;
      const [only = Buffer.alloc(0), ...more] = chunks;
      return more.length === 0 ? only : Buffer.concat(chunks);
    },
    stream: { [Symbol.asyncIterator]: read },
    async discard() {
      [chunks, held, discarded] = [[], 0, discarded ?? 0];
      if (isOver()) return;
      if (announced !== undefined && announced > DISCARD_LIMIT) return close();
      const timer = setTimeout(close, DISCARD_TIMEOUT);
      tap.resume();
      while (!isOver()) await changed();
      clearTimeout(timer);
    },
  };
}
