import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createAbortWatch, RegistryError, watch, type AbortWatch } from '../registry/index.ts';
import { connectionError } from './connection-error.ts';
import { environmentProxies, type Environment, type ProxySource } from './proxy.ts';
import { receive, type Abort } from './receive.ts';
import type { TlsSource } from './tls.ts';
import type { Transport, TransportRequest } from './transport.ts';

type Undici = typeof import('undici');
type Connector = import('undici').buildConnector.connector;

/** Settings of the connections. */
export interface UndiciOptions {
  /**
   * How many connections to one origin at the most for GET; and as many again for bodies that are streamed to it, and for
   * all other requests, if there are any. An answer that is not read to its end holds one. As many as there are requests under way, unless
   * told.
   */
  readonly connections?: number;
  /** How long a connection may take to be made, in milliseconds. 10,000 unless told. */
  readonly connectTimeout?: number;
  /** How long headers may take, and a body may stall, in milliseconds. 30,000 unless told. */
  readonly idleTimeout?: number;
  /** How connections are secured. By Node's own roots, unless told. */
  readonly tls?: TlsSource;
  /** Which proxy is used, if any. Those of the environment, unless told. */
  readonly proxy?: ProxySource;
  /** Where proxies and roots are read from. The process's own unless told. */
  readonly environment?: Environment;
}

/** Registries answer the end of an upload when they have put all of it where they keep things: minutes, for large blobs. */
const COMMIT_TIMEOUT = 15 * 60_000;

/** A transport whose connections can be closed. */
export interface UndiciTransport {
  readonly send: Transport;
  /** Waits for what is under way, then closes all connections. */
  close(): Promise<void>;
}

/** How one origin is reached. */
interface Way {
  dispatcherFor(request: TransportRequest): Dispatcher;
  readonly proxy: URL | undefined;
  /** What the proxy is told of who we are. */
  readonly login: string | undefined;
  readonly idleTimeout: number;
  close(): Promise<void>;
}

/**
 * Requests that others wait for, while these hold a connection, have connections of their own where those are few: while
 * the bytes of a blob come, its size is asked for, and what came is sent on; what is streamed to a server may be read from
 * there.
 */
type Lane = 'reading' | 'asking' | 'streaming';

/**
 * HTTP by undici's `dispatch`, on connections of its own.
 * undici is loaded with the first request: importing it takes as long as starting Node does.
 */
export function undiciTransport(options: UndiciOptions = {}): UndiciTransport {
  const { environment = process.env, proxy: proxyOf = environmentProxies(environment) } = options;
  // One for each origin, so that what is set for one can never be used for another.
  const ways = new Map<string, Promise<Way>>();
  const aborts = createAbortWatch<Abort>((abort, reason) => abort(reason));
  const wayTo = (url: URL): Promise<Way> => {
    const known = ways.get(url.origin);
    if (known !== undefined) return known;
    const way = openWay(url, proxyOf, { ...options, environment });
    ways.set(url.origin, way);
    // A file that could not be read may be there next time.
    way.catch(() => ways.delete(url.origin));
    return way;
  };
  return {
    async send(request) {
      request.signal?.throwIfAborted();
      return send(await wayTo(request.url), request, aborts);
    },
    async close() {
      const opened = await Promise.allSettled(ways.values());
      await Promise.all(opened.flatMap((way) => (way.status === 'fulfilled' ? [way.value.close()] : [])));
    },
  };
}

async function openWay(url: URL, proxyOf: ProxySource, options: UndiciOptions): Promise<Way> {
  const { connections, connectTimeout = 10_000, idleTimeout = 30_000, environment } = options;
  const proxy = proxyOf(url);
  const undici = await import('undici');
  const secured = async (origin: URL, settings?: Awaited<ReturnType<TlsSource>>): Promise<object> => {
    if (origin.protocol !== 'https:') return { timeout: connectTimeout };
    const { tlsConnect } = await import('./tls.ts');
    return { timeout: connectTimeout, ...(await tlsConnect(origin.origin, settings, environment)) };
  };
  const connect = await secured(url, url.protocol === 'https:' ? await options.tls?.(url.origin) : undefined);
  const limits = { ...(connections !== undefined && { connections }) };
  const login = proxy && loginAt(proxy);
  const proxyTls = proxy && (await secured(proxy));
  const open = (): Dispatcher => {
    if (proxy === undefined || isForwarded(url, proxy)) return new undici.Agent({ ...limits, connect });
    return new undici.ProxyAgent({
      ...limits,
      // Without its user: that one goes by `token`.
      uri: proxy.origin,
      ...(login !== undefined && { token: login }),
      requestTls: connect,
      // The proxy is another origin, which has no use for our client certificate.
      ...(proxyTls !== undefined && { proxyTls }),
      clientFactory: (origin, pool) => new undici.Pool(origin, { ...pool, headersTimeout: connectTimeout }),
      factory: tunnelPools(undici),
    });
  };
  const opened = new Map<Lane, Dispatcher>();
  return {
    proxy,
    login,
    idleTimeout,
    dispatcherFor(request) {
      const lane = connections === undefined ? 'reading' : laneOf(request);
      const dispatcher = opened.get(lane) ?? open();
      opened.set(lane, dispatcher);
      return dispatcher;
    },
    async close() {
      await Promise.all([...opened.values()].map((dispatcher) => dispatcher.close()));
    },
  };
}

function laneOf({ method, body }: TransportRequest): Lane {
  if (body !== undefined && body.bytes === undefined) return 'streaming';
  return method === 'GET' ? 'reading' : 'asking';
}

/** Proxies take plain requests as they are; many of them refuse to open tunnels for them. RFC 9112, 3.2.2. */
function isForwarded(url: URL, proxy: URL | undefined): boolean {
  return url.protocol === 'http:' && proxy?.protocol === 'http:';
}

/**
 * Connections through a proxy. undici connects again, at once and without end, when a connection breaks while it is
 * made and says so by `UND_ERR_SOCKET`: that is how a proxy looks that closes instead of answering.
 */
function tunnelPools({ Pool }: Undici): NonNullable<import('undici').Agent.Options['factory']> {
  return (origin, options) => {
    const { connect, ...rest } = options as { readonly connect: Connector };
    const connectOnce: Connector = (target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error === null) return callback(null, socket);
        const final = 'code' in error && error.code === 'UND_ERR_SOCKET';
        callback(
          final ? Object.assign(new Error(error.message, { cause: error }), { code: 'ECONNRESET' }) : error,
          null,
        );
      });
    return new Pool(origin, { ...rest, connect: connectOnce });
  };
}

function loginAt({ username, password, host }: URL): string | undefined {
  if (username === '') return undefined;
  try {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(login).toString('base64')}`;
  } catch (cause) {
    const why = 'a "%" without two hexadecimal digits behind it; a "%" itself is written %25';
    throw new RegistryError('SETTINGS_INVALID', `the login in the URL of the proxy ${host} has ${why}`, {
      cause,
    });
  }
}

async function send(
  { dispatcherFor, proxy, login, idleTimeout }: Way,
  request: TransportRequest,
  aborts: AbortWatch<Abort>,
): ReturnType<Transport> {
  const { method, url, headers, body, signal } = request;
  signal?.throwIfAborted();
  const length = body?.size ?? body?.bytes?.length;
  const source = body === undefined || body.bytes !== undefined ? undefined : watch(body.open());
  const forwarder = proxy !== undefined && isForwarded(url, proxy) ? proxy : undefined;
  const translate = (error: unknown): Error => connectionError(error, request, proxy) as Error;
  const options: Dispatcher.DispatchOptions = {
    origin: (forwarder ?? url).origin,
    path: forwarder === undefined ? url.pathname + url.search : url.origin + url.pathname + url.search,
    method,
    headers: {
      ...headers,
      ...(length !== undefined && { 'content-length': String(length) }),
      ...(forwarder !== undefined && { host: url.host }),
      ...(forwarder !== undefined && login !== undefined && { 'proxy-authorization': login }),
    },
    // undici takes any async iterable; its types say less.
    body: body?.bytes ?? (source?.stream as Readable | undefined) ?? null,
    headersTimeout:
      source !== undefined || method === 'PUT' || method === 'PATCH' ? COMMIT_TIMEOUT : idleTimeout,
    bodyTimeout: idleTimeout,
    // Else undici closes the connection after each HEAD, wary of servers that send a body with it.
    reset: false,
  };
  try {
    const response = await receive((handler) => void dispatcherFor(request).dispatch(options, handler), {
      signal,
      aborts,
      translate,
    });
    if (forwarder !== undefined && response.status === 407) {
      await response.discard();
      throw translate(Object.assign(new Error('Proxy response (407)'), { code: 'UND_ERR_ABORTED' }));
    }
    return { ...response, url };
  } catch (error) {
    if (source?.failure !== undefined && !signal?.aborted) throw source.failure.error;
    throw error;
  }
}
