import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { RegistryError } from '../../registry/index.ts';
import type { Attachable } from './attachable.ts';
import type { Session, SessionOptions } from '../daemon/daemon.ts';
import { sessionServer } from './session-server-node.ts';

/** What a session says of itself: by the names of the headers, all values of each. */
export type SessionHeaders = Readonly<Record<string, string[]>>;

/** How long the builder may take to notice that a session was closed, in milliseconds. */
const PARTING = 2000;

/**
 * Opens a session: a connection on which the builder calls, and this process answers.
 * @param dial makes the connection; its signal is aborted when it is to break off
 */
export async function openSession(
  attachables: readonly Attachable[],
  dial: (headers: SessionHeaders, signal: AbortSignal) => Promise<Duplex>,
  { address, sharedKey = '', signal }: SessionOptions & { readonly address: string },
): Promise<Session> {
  signal?.throwIfAborted();
  const id = randomBytes(16).toString('hex');
  const over = new AbortController();
  const breaking = new AbortController();
  const server = await sessionServer(attachables, over.signal);
  const headers = {
    'x-docker-expose-session-uuid': [id],
    'x-docker-expose-session-sharedkey': [sharedKey],
    'x-docker-expose-session-grpc-method': [...server.methods],
  };
  const ending = AbortSignal.any([breaking.signal, ...(signal === undefined ? [] : [signal])]);
  const connection = await dial(headers, ending).catch((error: unknown) => {
    over.abort(error);
    throw error;
  });
  let parting = false;
  const end = (why: Error): void => {
    if (over.signal.aborted) return;
    over.abort(why);
    server.destroy();
    breaking.abort(why);
    connection.destroy();
  };
  const gone = new Promise<void>((resolve) => connection.once('close', resolve));
  const lost = (cause?: Error): void => {
    if (parting) return end(new Error('the session was closed'));
    const how = cause === undefined ? '' : `: ${cause.message}`;
    end(new RegistryError('UNAVAILABLE', `the builder at ${address} has ended the session${how}`, { cause }));
  };
  connection.once('error', lost);
  // Half a connection is of no use: a builder that sends no more calls no more.
  connection.once('end', () => lost());
  connection.once('close', () => lost());
  signal?.addEventListener('abort', () => end(signal.reason as Error), { once: true, signal: over.signal });
  server.serve(connection);
  if (signal?.aborted === true) end(signal.reason as Error);
  return {
    id,
    ended: over.signal,
    async close() {
      if (over.signal.aborted) return;
      parting = true;
      await server.close();
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, PARTING).unref())]);
      lost();
    },
  };
}
