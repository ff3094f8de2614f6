import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { Duplex } from 'node:stream';
import { findAddress, type DaemonAddress } from './address.ts';
import { daemonError } from './daemon-error.ts';
import { daemonInfo, greet } from './daemon-info.ts';
import type { Daemon, OpenDaemonOptions, Session, StatusResponse } from './daemon.ts';
import { dialSession } from './dial-session.ts';
import { engineImages } from './engine-images-node.ts';
import { http2Connection, ORIGIN, type Http2Connection } from './http2-node.ts';
import { openSession, type SessionHeaders } from '../session/open-session.ts';
import { Control } from '../proto/control_pb.ts';
import { dial, upgrade, type DialOptions } from './socket-node.ts';

/** Connects, and makes sure that a builder answers. */
export async function connectDaemon(options: OpenDaemonOptions): Promise<Daemon> {
  const address = await findAddress(options);
  const dialing = (signal?: AbortSignal): DialOptions => ({
    timeout: options.connectTimeout ?? 20_000,
    ...(signal !== undefined && { signal }),
  });
  const connection = await connectControl(address, dialing(options.signal));
  const control = createClient(
    Control,
    createGrpcTransport({ baseUrl: ORIGIN, sessionManager: connection.manager, acceptCompression: [] }),
  );
  const version = await greet(control, address, dialing(options.signal)).catch(async (error: unknown) => {
    await connection.close();
    options.signal?.throwIfAborted();
    throw error;
  });
  const open = new Set<Session>();
  /** Of all sessions that there were: what names one that is over fails. */
  const endings = new Map<string, AbortSignal>();

  const dialOne = (headers: SessionHeaders, signal: AbortSignal): Promise<Duplex> =>
    dialSession(address, connection, headers, { ...dialing(), signal });
  /** Does what fails in words of the builder. Ends at once if the session ends that it needs. */
  const told = async <T>(
    what: string | undefined,
    {
      signal,
      session,
    }: { readonly signal?: AbortSignal | undefined; readonly session?: AbortSignal | undefined },
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const needed = [connection.ended, signal, session].filter((one) => one !== undefined);
    needed.forEach((one) => one === connection.ended || one.throwIfAborted());
    try {
      return await call(AbortSignal.any(needed));
    } catch (error) {
      signal?.throwIfAborted();
      session?.throwIfAborted();
      throw daemonError(error, address.text, what);
    }
  };
  return {
    kind: address.kind,
    address: address.text,
    isLocal: 'path' in address.socket || /^(?:localhost$|127\.|::1$)/.test(address.socket.host),
    solve: (request, { signal } = {}) =>
      told(undefined, { signal, session: endings.get(request.session ?? '') }, (signal) =>
        control.solve(request, { signal }),
      ),
    async *status(ref, { signal } = {}) {
      const updates = control.status({ ref }, signal === undefined ? {} : { signal })[Symbol.asyncIterator]();
      const next = (): Promise<IteratorResult<StatusResponse>> => updates.next();
      try {
        for (;;) {
          const update = await told('asking for progress', { signal }, next);
          if (update.done === true) return;
          yield update.value;
        }
      } finally {
        await updates.return?.();
      }
    },
    info: ({ signal } = {}) =>
      told('asking what it is', { signal }, (signal) =>
        daemonInfo(control, { version, kind: address.kind }, signal),
      ),
    ...(address.kind === 'docker' && { images: engineImages(address, dialing) }),
    async session(attachables, { signal, sharedKey = '' } = {}) {
      const session = await openSession(attachables, dialOne, {
        address: address.text,
        sharedKey,
        ...(signal !== undefined && { signal }),
      });
      open.add(session);
      endings.set(session.id, session.ended);
      // With it go its services, and what they have kept.
      session.ended.addEventListener('abort', () => open.delete(session), { once: true });
      return session;
    },
    async close() {
      await Promise.all([...open].map((session) => session.close()));
      await connection.close();
    },
  };
}

async function connectControl(address: DaemonAddress, dialing: DialOptions): Promise<Http2Connection> {
  const socket = await dial(address, dialing);
  if (address.kind === 'buildkitd') return http2Connection(socket);
  return http2Connection(await upgrade(socket, '/grpc', { address, ...dialing }));
}
