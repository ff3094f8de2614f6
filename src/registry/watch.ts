/** A stream, and what it failed with by itself: that is no error of whoever it is given to. */
export interface Watched {
  readonly stream: AsyncIterable<Uint8Array>;
  /** In a box, as anything may be thrown. */
  readonly failure: { readonly error: unknown } | undefined;
}

export function watch(source: AsyncIterable<Uint8Array>): Watched {
  let failure: Watched['failure'];
  return {
    stream: pass(),
    get failure() {
      return failure;
    },
  };

  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
}
