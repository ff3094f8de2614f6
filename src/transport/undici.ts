import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { printable } from '../oci/index.ts';
import { watch } from '../registry/index.ts';
import { guarded, unavailable } from './failure.ts';
import type { Transport, TransportRequest } from './transport.ts';

type Agent = import('undici').Agent;

/** Settings of the connections. */
export interface UndiciOptions {
  /** How many connections to one origin at the most. 32 unless told. */
  readonly connections?: number;
  /** How long a connection may take to be made, in milliseconds. 10,000 unless told. */
  readonly connectTimeout?: number;
  /** How long headers may take, and a body may stall, in milliseconds. 60,000 unless told. */
  readonly idleTimeout?: number;
}

/** Registries answer the end of an upload when they have put all of it where they keep things: minutes, for large blobs. */
const COMMIT_TIMEOUT = 15 * 60_000;

/** How long the rest of a body that nobody wants may take before its connection is closed, in milliseconds. */
const DISCARD_TIMEOUT = 2000;

/** A transport whose connections can be closed. */
export interface UndiciTransport {
  readonly send: Transport;
  /** Waits for what is under way, then closes all connections. */
  close(): Promise<void>;
}

/**
 * HTTP by undici's `request`, on connections of its own.
 * undici is loaded with the first request: importing it takes as long as starting Node does.
 */
export function undiciTransport(options: UndiciOptions = {}): UndiciTransport {
  let loading: Promise<Agent> | undefined;
  const load = async (): Promise<Agent> => {
    const { Agent } = await import('undici');
    const { connections = 32, connectTimeout = 10_000, idleTimeout = 60_000 } = options;
    return new Agent({
      connections,
      connect: { timeout: connectTimeout },
      headersTimeout: idleTimeout,
      bodyTimeout: idleTimeout,
    });
  };
  return {
    async send(request) {
      return send(await (loading ??= load()), request);
    },
    async close() {
      if (loading !== undefined) await (await loading).close();
    },
  };
}

async function send(agent: Agent, request: TransportRequest): ReturnType<Transport> {
  const { method, url, headers, body, signal } = request;
  signal?.throwIfAborted();
  // One signal may stand over hundreds of requests, which Node would take for a leak.
  if (signal !== undefined) setMaxListeners(0, signal);
  const length = body?.size ?? body?.bytes?.length;
  const source = body === undefined || body.bytes !== undefined ? undefined : watch(body.open());
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...headers, ...(length !== undefined && { 'content-length': String(length) }) },
      // undici takes any async iterable; its types say less.
      body: body?.bytes ?? (source?.stream as Readable | undefined) ?? null,
      ...(body !== undefined && { headersTimeout: COMMIT_TIMEOUT }),
      // Else undici closes the connection after each HEAD, wary of servers that send a body with it.
      reset: false,
      ...(signal !== undefined && { signal }),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      url,
      body: guarded(response.body, (error) => connectionError(error, request)),
      // `dump` reads a little more in the hope of keeping the connection, else drops it.
      discard: () =>
        response.body
          .dump({ limit: 128 * 1024, signal: AbortSignal.timeout(DISCARD_TIMEOUT) })
          .catch(() => {}),
    };
  } catch (error) {
    if (source?.failure !== undefined && !signal?.aborted) throw source.failure.error;
    throw connectionError(error, request);
  }
}

/** An error of the connection in our terms. What the caller's own signal threw passes as it is. */
function connectionError(error: unknown, request: TransportRequest): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (!(error instanceof Error)) return error;
  // What is no HTTP has no code.
  const code =
    error.name === 'HTTPParserError'
      ? 'HPE'
      : 'code' in error && typeof error.code === 'string'
        ? error.code
        : '';
  if (!/^(?:UND_ERR|E[A-Z]+|ERR_(?:TLS|SSL)|CERT|DEPTH|SELF_SIGNED|UNABLE|HPE)/.test(code)) return error;
  return unavailable(request, advice(code, error.message, request.url), error);
}

function advice(code: string, message: string, url: URL): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${url.host}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${url.hostname}`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${url.host} does not speak TLS; if it is meant to be plain HTTP, allow it with --plain-http ${url.host}`;
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `${url.host} did not answer in time`;
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection broke (${printable(message, 200)})`;
    default:
      return `${printable(message, 200)} (${code})`;
  }
}
