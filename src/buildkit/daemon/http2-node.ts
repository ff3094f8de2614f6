import type { NodeHttpClientOptions } from '@connectrpc/connect-node';
import { connect, type ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';

type SessionManager = ReturnType<
  NonNullable<Extract<NodeHttpClientOptions, { httpVersion: '2' }>['sessionProvider']>
>;

/** The one origin that requests over such a connection have. */
export const ORIGIN = 'http://localhost';

/** How much may be on its way here: unless told, 64 KiB, which a build's output over a network would wait for. */
export const WINDOW: number = 4 * 1024 * 1024;

/** A connection that speaks HTTP/2 as a client: one, for good. When it has ended, all requests on it fail. */
export interface Http2Connection {
  readonly manager: SessionManager;
  /**
   * Begins a call of gRPC, whose messages are for the caller to write and to read.
   * @param path `/package.Service/Method`
   * @param headers each with all its values
   */
  call(path: string, headers: Readonly<Record<string, string[]>>, signal: AbortSignal): ClientHttp2Stream;
  /** Aborted once the connection has ended, with what it ended by. */
  readonly ended: AbortSignal;
  close(): Promise<void>;
}

/** Speaks HTTP/2 over an open connection. */
export function http2Connection(stream: Duplex): Http2Connection {
  const session = connect(ORIGIN, {
    createConnection: () => stream,
    settings: { initialWindowSize: WINDOW },
    // Counts what waits in all windows.
    maxSessionMemory: 64,
  });
  const over = new AbortController();
  const end = (error?: Error): void => over.abort(error ?? new Error('the connection was closed'));
  session.once('connect', () => session.setLocalWindowSize(2 * WINDOW));
  session.once('error', end);
  session.once('close', () => end());
  session.once('goaway', (code) => {
    if (code !== 0) end(new Error(`the builder ended the connection (HTTP/2 error ${code})`));
  });
  return {
    manager: {
      authority: ORIGIN,
      async request(method, path, headers, options) {
        over.signal.throwIfAborted();
        return session.request({ ...headers, ':method': method, ':path': path }, options);
      },
      notifyResponseByteRead: () => undefined,
    },
    call(path, headers, signal) {
      over.signal.throwIfAborted();
      const request = {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      };
      return session.request({ ...headers, ...request }, { signal });
    },
    ended: over.signal,
    close: () =>
      new Promise((resolve) => {
        if (session.destroyed) return resolve();
        session.once('close', resolve);
        session.destroy();
      }),
  };
}
