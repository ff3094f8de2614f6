import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { toNodeListener } from './node.ts';
import type { Handler } from './request.ts';

export interface ListenOptions {
  /** 0 takes any that is free. */
  readonly port?: number;
  /** 127.0.0.1 unless told: everybody who reaches the port may push and delete. */
  readonly host?: string;
}

/** How long nothing may move on a connection in the middle of a request, in milliseconds. */
const IDLE_TIMEOUT = 5 * 60_000;

/** A server that runs. */
export interface Listening {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** Takes no more requests, and waits for those under way. Connections that idle are closed at once. */
  close(): Promise<void>;
}

/** Serves by `node:http`, set up for bodies that take as long as they take. */
export async function listen(
  handler: Handler,
  { port = 0, host = '127.0.0.1' }: ListenOptions = {},
): Promise<Listening> {
  const { createServer } = await import('node:http');
  const server = createServer({
    highWaterMark: 256 * 1024,
    requestTimeout: 0,
    headersTimeout: 30_000,
    keepAliveTimeout: 75_000,
    // Who vanished without a word is found out by the kernel, and else by saying nothing for too long.
    keepAlive: true,
  });
  server.setTimeout(IDLE_TIMEOUT);
  const connections = watchConnections(server);
  server.on('request', toNodeListener(handler));
  server.listen(port, host);
  await once(server, 'listening');
  const { address, port: actual, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      connections.end();
      await closed;
    },
  };
}

/** The connections of a server that is to stop one day. */
interface Connections {
  /** Ends those that idle at once, and each other one with its last answer. */
  end(): void;
}

/**
 * Counts what is under way on each connection. `closeIdleConnections` does not see those on which nothing was ever
 * said, and nothing closes those that come to idle after `close`: each would hold the server back as long as its
 * caller likes.
 */
function watchConnections(server: Server): Connections {
  const underWay = new Map<Socket, number>();
  let ending = false;
  const count = (socket: Socket, change: 1 | -1): void => {
    const before = underWay.get(socket);
    if (before === undefined) return;
    underWay.set(socket, before + change);
    if (ending && before + change === 0) socket.destroySoon();
  };
  server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  return {
    end() {
      ending = true;
      for (const [socket, requests] of underWay) if (requests === 0) socket.destroySoon();
    },
  };
}
