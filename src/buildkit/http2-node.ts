import type { NodeHttpClientOptions } from '@connectrpc/connect-node';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

type SessionManager = ReturnType<
  NonNullable<Extract<NodeHttpClientOptions, { httpVersion: '2' }>['sessionProvider']>
>;

/** The one origin that requests over such a connection have. */
export const ORIGIN = 'http://localhost';

/** How much may be on its way here: unless told, 64 KiB, which a build's output over a network would wait for. */
export const WINDOW: number = 4 * 1024 * 1024;

/** Headers that have a value for each method, which must not be joined to one. */
const REPEATED = 'x-docker-expose-session-grpc-method';

/** A connection that speaks HTTP/2 as a client: one, for good. When it has ended, all requests on it fail. */
export interface Http2Connection {
  readonly manager: SessionManager;
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
      request: (method, path, headers, options) =>
        requestOn(session, over.signal, { method, path, headers, options }),
      notifyResponseByteRead: () => undefined,
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

async function requestOn(
  session: ClientHttp2Session,
  ended: AbortSignal,
  {
    method,
    path,
    headers,
    options,
  }: Record<'method' | 'path', string> & {
    headers: Parameters<SessionManager['request']>[2];
    options: Parameters<SessionManager['request']>[3];
  },
): ReturnType<SessionManager['request']> {
  ended.throwIfAborted();
  const repeated = headers[REPEATED];
  return session.request(
    {
      ...headers,
      ...(typeof repeated === 'string' && { [REPEATED]: repeated.split(', ') }),
      ':method': method,
      ':path': path,
    },
    options,
  );
}
