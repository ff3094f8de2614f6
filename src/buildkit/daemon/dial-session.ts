import type { Duplex } from 'node:stream';
import { errorCode } from '../../registry/index.ts';
import type { DaemonAddress } from './address.ts';
import type { Http2Connection } from './http2-node.ts';
import { dial, upgrade, type DialOptions } from './socket-node.ts';
import { Control } from '../proto/control_pb.ts';
import type { SessionHeaders } from '../session/open-session.ts';
import { sessionStream } from '../session/session-stream-node.ts';

/**
 * Connects a session. A Docker engine takes a connection of its own for it: a large base goes through it in three
 * quarters of the time. Every builder takes it inside a call, an engine too, whose proxy may let nothing else through.
 *
 * An engine tells that such a connection was closed by asking in vain whether anybody is there, and so keeps what it
 * knows of the session for up to ten seconds after the end.
 * @param control the connection that the builder is controlled by
 * @throws {RegistryError} `UNAVAILABLE`, `DENIED`.
 * @see https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Session
 */
export async function dialSession(
  address: DaemonAddress,
  control: Http2Connection,
  headers: SessionHeaders,
  dialing: DialOptions & { readonly signal: AbortSignal },
): Promise<Duplex> {
  const call = (): Duplex =>
    sessionStream(
      control.call(`/${Control.typeName}/${Control.method.session.name}`, headers, dialing.signal),
    );
  if (address.kind === 'buildkitd') return call();
  try {
    return await upgrade(await dial(address, dialing), '/session', { address, headers, ...dialing });
  } catch (error) {
    if (errorCode(error) === 'UNSUPPORTED') return call();
    throw error;
  }
}
