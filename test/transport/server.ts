import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on loopback for one test. */
export interface TestServer {
  readonly url: URL;
  /** How many connections were made. */
  readonly connections: number;
  /** How many are open. */
  readonly open: number;
}

/** An HTTP server. */
export async function httpServer(listener: RequestListener): Promise<TestServer> {
  return start(createHttpServer(listener));
}

/** A server that answers each request's head with these bytes, whatever it asks; or does as it pleases. */
export async function rawServer(answer: string | ((socket: Socket) => void)): Promise<TestServer> {
  const say =
    typeof answer === 'string' ? (socket: Socket): void => void socket.end(answer, 'latin1') : answer;
  return start(
    createServer((socket) => {
      let head = '';
      socket.on('data', (piece) => {
        head += piece.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        head = '';
        say(socket);
      });
    }),
  );
}

async function start(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
  };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
