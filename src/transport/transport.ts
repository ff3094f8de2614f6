import type { HeaderFields } from '../protocol/index.ts';
import type { OpenableSource } from '../registry/index.ts';

/** The body of a request. Whether it can be sent again decides what may be retried. */
export interface RequestBody extends OpenableSource {
  /** In bytes; without it the body is sent in chunks of unknown number. */
  readonly size?: number;
}

/** A request, in the terms that every HTTP stack has. */
export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal;
  /**
   * Not to be sent again once the server may have worked on it, though no answer came: as with the chunks of an upload,
   * which would be appended twice. Only after a 429, or where nobody listened, it is.
   */
  readonly once?: boolean;
}

/** An answer whose body has not been read yet. It has to be read, or discarded: until then it holds a connection. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Where the answer came from: not where the request went, if it was redirected. */
  readonly url: URL;
  /**
   * That the request was sent before, and no more is known of it than that no answer came, or one that does not tell:
   * it may have done what it asked for. Not so where nobody listened, or by a 429, which says that nothing was done.
   */
  readonly repeated?: true;
  readonly body: AsyncIterable<Uint8Array>;
  /** All of the body, where it has come with the headers: who wants it as a whole gets it without the detour. */
  readonly whole?: Uint8Array;
  /** Lets the body go unread. Never fails. */
  discard(): Promise<void>;
}

/**
 * Sends one request and gives its answer, whatever its status. Redirects are not followed here.
 * @throws {RegistryError} `UNAVAILABLE` when there was no answer; the signal's reason when it was aborted.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/**
 * The body of an answer, as far as it is not longer than the limit.
 * @param limit in bytes
 * @returns undefined if there is more; the rest is discarded.
 */
export async function readBounded(
  response: TransportResponse,
  limit: number,
): Promise<Uint8Array | undefined> {
  const { whole } = response;
  if (whole !== undefined) return whole.length > limit ? undefined : whole;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > limit) return undefined;
      chunks.push(chunk);
    }
  } finally {
    await response.discard();
  }
  return Buffer.concat(chunks);
}
