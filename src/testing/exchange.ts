import type { HeaderFields } from '../transport/index.ts';

/** One row of a script: a request that is expected, and the answer to it. */
export interface Exchange {
  /**
   * Method and target: `GET /v2/r/tags/list?n=2`; with its origin where that is another: `GET https://cdn.test/x`.
   * Parameters of the query may come in any order, those of one name in theirs; colons and slashes in it may be
   * written as they are.
   */
  readonly request: string;
  /**
   * Fields that matter: their value, a pattern, or `undefined` for one that must not be there. Others may come.
   * `content-length` is the length that was announced for the body.
   */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The body that must come, or a pattern for its text. Not checked unless given. */
  readonly body?: string | Uint8Array | RegExp;
  /** Unless given: 200, with nothing. */
  readonly answer?: Answer;
}

/** What the server says, or does instead. */
export interface Answer {
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: HeaderFields;
  /** At once, or in pieces, also without end. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** How long the answer takes to begin, in milliseconds. */
  readonly delay?: number;
  /** After so many bytes of the body the connection breaks. A fault on purpose: to see what a client makes of it. */
  readonly cut?: number;
  /** The connection breaks before anything is answered. */
  readonly reset?: boolean;
  /** No answer: the transport fails with this. A server resets the connection. */
  readonly fail?: unknown;
}

/** How a table is gone through. */
export interface TableOptions {
  /** The rows may come in any order; of two that fit, the first one is taken. */
  readonly anyOrder?: boolean;
}

/** What a script tells about how it was played. */
export interface Played {
  /** What was asked so far, as it stands in tables. */
  readonly lines: readonly string[];
  /**
   * To be called at the end of each test.
   * @throws {Error} with everything that was not as written: requests that nobody expected, rows that are left over.
   */
  done(): void;
}

/** The pieces of a body. */
function pieces(body: Answer['body']): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body === undefined) return [];
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}

/** The pieces of an answer's body, up to where it is cut. */
export async function* untilCut({
  body,
  cut = Infinity,
}: Answer): AsyncGenerator<Uint8Array, void, undefined> {
  let left = cut;
  for await (const piece of pieces(body)) {
    if (left <= 0) return;
    yield piece.subarray(0, left);
    left -= piece.length;
  }
}
