import type { Content, Next, Operation } from '../../registry/index.ts';

/** A stream that was opened for several who wait, and goes to the one who takes it first. */
export interface Loan {
  readonly content: Content;
  /**
   * @param signal that ends the stream from now on
   * @returns undefined if somebody else has it.
   */
  take(signal?: AbortSignal): Content | undefined;
}

/**
 * Opens a blob for whoever will take it. As long as nobody has, the operation's signal ends it, then the taker's: the
 * signal that a request is sent with cannot be changed later, so there is one in between.
 */
export async function lend(operation: Extract<Operation, { name: 'getBlob' }>, next: Next): Promise<Loan> {
  const { options } = operation;
  const life = new AbortController();
  const untie = tie(life, options.signal);
  const content = await next({ ...operation, options: { ...options, signal: life.signal } });
  let taken = false;
  return {
    content,
    take(signal) {
      if (taken) return undefined;
      taken = true;
      untie();
      return endingWith(content, tie(life, signal));
    },
  };
}

/** Lets a signal end something. @returns what undoes it. */
function tie(life: AbortController, signal: AbortSignal | undefined): () => void {
  const end = (): void => life.abort(signal?.reason);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  return () => signal?.removeEventListener('abort', end);
}

/** The same content, which says when nobody reads it any more: a signal may live much longer than a stream. */
function endingWith(content: Content, ended: () => void): Content {
  return {
    ...content,
    async *[Symbol.asyncIterator]() {
      try {
        yield* content;
      } finally {
        ended();
      }
    },
    bytes: (limit) => content.bytes(limit).finally(ended),
    text: (limit) => content.text(limit).finally(ended),
    json: <T>(limit?: number) => content.json<T>(limit).finally(ended),
    cancel: () => content.cancel().finally(ended),
  };
}
