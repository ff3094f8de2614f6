import { bytes } from '../oci/words.ts';

/** A stream that tells what became of it. */
export interface Watched extends AsyncIterable<Uint8Array> {
  /** How many pieces were asked for. */
  readonly asked: number;
  /** Whether its `finally` ran. */
  readonly ended: boolean;
}

/** Gives the pieces one by one. */
export function stream(...pieces: readonly (string | Uint8Array | Error)[]): Watched {
  let [asked, ended] = [0, false];
  return {
    get asked() {
      return asked;
    },
    get ended() {
      return ended;
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (const piece of pieces) {
          asked++;
          if (piece instanceof Error) throw piece;
          yield typeof piece === 'string' ? bytes(piece) : piece;
        }
      } finally {
        ended = true;
      }
    },
  };
}

/** What came, piece by piece, and the error that it ended with. */
export async function readAll(
  from: AsyncIterable<Uint8Array>,
): Promise<{ pieces: string[]; error?: unknown }> {
  const pieces: string[] = [];
  try {
    for await (const piece of from) pieces.push(new TextDecoder().decode(piece));
  } catch (error) {
    return { pieces, error };
  }
  return { pieces };
}

/** What a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`wanted a failure, got ${JSON.stringify(value)}`);
}
