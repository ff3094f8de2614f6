import {
  Code,
  ConnectError,
  createClient,
  createConnectRouter,
  type Client,
  type ServiceImpl,
} from '@connectrpc/connect';
import {
  createGrpcTransport,
  Http2SessionManager,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import type { DescService } from '@bufbuild/protobuf';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createSecureServer, createServer, type Http2Server, type SecureServerOptions } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DaemonKind } from '../../src/buildkit/index.ts';
import { Control } from '../../src/buildkit/proto/control_pb.ts';
import { messageStream } from './message-stream.ts';

const UUID = 'x-docker-expose-session-uuid';

/** A session as the builder sees it: it calls, and the client answers. */
export interface FakeSession {
  readonly id: string;
  /** Each as often as it came. */
  readonly headers: readonly (readonly [string, string])[];
  /** Aborted once the client has gone. */
  readonly gone: AbortSignal;
  service<T extends DescService>(service: T): Client<T>;
  /** The builder breaks it off. */
  drop(): void;
}

export type FakeControl = Partial<Omit<ServiceImpl<typeof Control>, 'session'>>;

/** How a builder behaves. */
export interface FakeBuilder {
  /** What it does when it is asked to build; a session that a request names may be waited for. */
  readonly control: (session: (id: string) => Promise<FakeSession>) => FakeControl;
  /** An engine that is too old to build with BuildKit. */
  readonly refuse: boolean;
  /** An engine behind a proxy that lets nothing through but calls to its builder. */
  readonly callsAlone: boolean;
  /** How an engine answers calls of its own API. */
  readonly api: RequestListener;
  /** Why it takes no sessions. */
  readonly refuseSessions: string;
  readonly tls: SecureServerOptions;
  /** Where to listen, if not on a port. */
  readonly path: string;
}

export interface FakeDaemon {
  readonly address: string;
  readonly sessions: ReadonlyMap<string, FakeSession>;
  session(id: string): Promise<FakeSession>;
  close(): Promise<void>;
}

/** Starts a builder that builds nothing: on its own, or inside a Docker engine. */
export async function fakeDaemon(
  kind: DaemonKind,
  {
    control,
    refuse = false,
    callsAlone = false,
    api = (_request, response) => response.writeHead(404, 'Not Found').end(),
    refuseSessions,
    tls,
    path,
  }: Partial<FakeBuilder> = {},
): Promise<FakeDaemon> {
  const sessions = new Map<string, FakeSession>();
  const waiting = new Map<string, (session: FakeSession) => void>();
  const connections = new Set<Duplex>();
  const session = (id: string): Promise<FakeSession> => {
    const found = sessions.get(id);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  const enter = (connection: Duplex, headers: FakeSession['headers']): FakeSession => {
    const one = callerOf(connection, headers);
    sessions.set(one.id, one);
    waiting.get(one.id)?.(one);
    one.gone.addEventListener('abort', () => sessions.delete(one.id));
    return one;
  };
  const raw = new Map<string, FakeSession['headers']>();
  const grpc = controlServer(tls, raw, {
    info: () => ({ buildkitVersion: { version: 'v0.25.1' } }),
    listWorkers: () => ({
      record: [{ labels: { 'org.mobyproject.buildkit.worker.snapshotter': 'overlayfs' } }],
    }),
    ...control?.(session),
    session(requests, { requestHeader, signal }) {
      if (refuseSessions !== undefined) throw new ConnectError(refuseSessions, Code.ResourceExhausted);
      // Both directions of the call are a connection; what the client sends is read, what is written is sent.
      let send: AsyncIterable<{ readonly data: Uint8Array }> | undefined;
      const connection = messageStream((sent) => {
        send = sent;
        return requests;
      });
      signal.addEventListener('abort', () => connection.destroy());
      enter(connection, raw.get(requestHeader.get(UUID) ?? '') ?? []);
      return send ?? requests;
    },
  });
  const server: Server | Http2Server = kind === 'buildkitd' ? grpc : engine();
  server.on('connection', (socket: Socket) => connections.add(socket.setNoDelay(true)));
  await new Promise<void>((resolve) =>
    path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve),
  );
  return {
    address:
      path === undefined ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${path}`,
    sessions,
    session,
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function engine(): Server {
    const http = createHttpServer(api);
    http.on('upgrade', (request, socket) => {
      const isRefused = request.url === '/session' && (callsAlone || refuseSessions !== undefined);
      if (refuse || isRefused) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      if (request.url === '/grpc') return grpc.emit('connection', socket);
      return enter(socket, pairs(request.rawHeaders));
    });
    return http;
  }
}

function controlServer(
  tls: SecureServerOptions | undefined,
  raw: Map<string, FakeSession['headers']>,
  control: Partial<ServiceImpl<typeof Control>>,
): Http2Server {
  const router = createConnectRouter({ connect: false, grpcWeb: false }).service(Control, control);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  const server = tls === undefined ? createServer() : createSecureServer(tls);
  return server.on('request', (request, response) => {
    raw.set(String(request.headers[UUID]), pairs(request.rawHeaders));
    const handler = handlers.get(request.url);
    if (handler === undefined) return response.writeHead(404).end();
    return void handler(universalRequestFromNodeRequest(request, response, undefined, undefined))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch(() => undefined);
  });
}

/** The caller's side of a session. */
function callerOf(connection: Duplex, headers: FakeSession['headers']): FakeSession {
  const baseUrl = 'http://localhost';
  // With the small windows that are usual: where both ends are Node's, and large, each may wait for the other to read.
  const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection: () => connection });
  const transport = createGrpcTransport({ baseUrl, sessionManager, acceptCompression: [] });
  // As builders do: at once, and not when the first call is made.
  void sessionManager.connect();
  const gone = new AbortController();
  connection.once('close', () => gone.abort());
  return {
    id: headers.find(([name]) => name === UUID)?.[1] ?? '',
    headers,
    gone: gone.signal,
    service: (service) => createClient(service, transport),
    drop: () => connection.destroy(),
  };
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? ''] as const] : []));
}
