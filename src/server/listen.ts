import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { toNodeListener } from './node.ts';
import type { Handler } from './request.ts';

export interface ListenOptions {
  /** 0 takes any that is free. */
  readonly port?: number;
  /** 127.0.0.1 unless told: everybody who reaches the port may push and delete. */
  readonly host?: string;
}

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
  });
  server.on('request', toNodeListener(handler));
  server.listen(port, host);
  await once(server, 'listening');
  const { address, port: actual, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}
