import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { pem } from './secure-server.ts';

/** A proxy on loopback for one test, which finds all names on this machine. */
export interface ProxyServer {
  readonly url: URL;
  /** What it was asked, with the credentials that came: `CONNECT registry.test:443 -`. */
  readonly asked: readonly string[];
}

export interface ProxyServerOptions {
  /** Where each `host:port` is found: a port on this machine. */
  readonly ports: Readonly<Record<string, number>>;
  /** What it answers instead of serving. */
  readonly refuse?: number | 'close';
  /** Speaks TLS itself, and takes note of the client certificates that it is shown. */
  readonly secure?: boolean;
}

export async function proxyServer({
  ports,
  refuse,
  secure = false,
}: ProxyServerOptions): Promise<ProxyServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${method} ${url} ${headers['proxy-authorization'] ?? '-'}`);
  };
  const server = secure
    ? createSecureServer({ cert: pem('server.pem'), key: pem('server.key') })
    : createServer();
  server.on('request', (request: IncomingMessage, response) => {
    note(request);
    if (refuse === 'close') return response.destroy();
    if (refuse !== undefined) return response.writeHead(refuse).end();
    const target = new URL(request.url ?? '');
    const { method, headers } = request;
    const port = ports[`${target.hostname}:${target.port || 80}`];
    const path = target.pathname + target.search;
    const asking = forward({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    return request.pipe(asking);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request);
    socket.on('error', () => {});
    if (refuse === 'close') return socket.destroy();
    if (refuse !== undefined) return socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    const target = connect(ports[request.url ?? ''] ?? 0, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    sockets.add(target);
    return target.on('error', () => socket.destroy());
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  // By name: TLS has no names for addresses.
  return { url: new URL(secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`), asked };
}
