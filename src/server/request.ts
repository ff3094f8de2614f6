import { headerValue, type HeaderFields } from '../protocol/index.ts';
import { RegistryError, type Registry } from '../registry/index.ts';

/** A request as it came, in no HTTP stack's terms. */
export interface ServerRequest {
  readonly method: string;
  /** Path and query as they stood in the request line. */
  readonly target: string;
  readonly headers: HeaderFields;
  readonly body: AsyncIterable<Uint8Array>;
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
}

/** The answer to it. A body is sent as it is: its length is in the headers. */
export interface ServerReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** The protocol over some registry: a function from requests to answers. Never fails. */
export type Handler = (request: ServerRequest) => Promise<ServerReply>;

/** What an endpoint works on. */
export interface Exchange {
  readonly registry: Registry;
  readonly request: ServerRequest;
  readonly query: URLSearchParams;
}

/** The announced length of a body, in bytes; undefined when it comes in chunks. */
export function lengthOf({ headers }: ServerRequest): number | undefined {
  const value = headerValue(headers, 'content-length');
  if (value === undefined) return headerValue(headers, 'transfer-encoding') === undefined ? 0 : undefined;
  const length = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(length)) return length;
  throw new RegistryError('SIZE_INVALID', 'the Content-Length is not a number of bytes', { status: 400 });
}

/**
 * A query parameter that may be there once.
 * @throws {RegistryError} `DIGEST_INVALID` or the code given, when it is there twice.
 */
export function single(
  query: URLSearchParams,
  name: string,
  code: 'DIGEST_INVALID' | 'UNSUPPORTED' = 'DIGEST_INVALID',
): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1)
    throw new RegistryError(code, `the parameter "${name}" is there ${values.length} times`, { status: 400 });
  return values[0];
}
