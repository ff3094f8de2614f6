import { create } from '@bufbuild/protobuf';
import { createConnectRouter, createContextValues } from '@connectrpc/connect';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest } from '@connectrpc/connect-node';
import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Attachable, RawMethods } from './attachable.ts';
import { answerRaw } from './raw-answer-node.ts';
import { rawHeaders } from '../files/metadata.ts';
import { WINDOW } from '../daemon/http2-node.ts';
import { Health, HealthCheckResponseSchema } from '../proto/health_pb.ts';
import { withoutResets } from './resets-node.ts';

/** What builders send at the most: https://github.com/containerd/containerd/blob/main/defaults/defaults.go */
const LARGEST = 16 * 1024 * 1024;

const SERVING = 1;

/** The services of a session, to be called from the other end of a connection. */
export interface SessionServer {
  /** `/package.Service/Method` of all that can be called. */
  readonly methods: readonly string[];
  /** Answers calls on a connection that was opened from here: the roles are turned round on it. */
  serve(connection: Duplex): void;
  /** Ends the connection in good order: what is under way is brought to its end, for a while. */
  close(): Promise<void>;
  /** Breaks it off. */
  destroy(): void;
}

/** Sets up the services, and the one by which the builder asks whether anybody is there. */
export async function sessionServer(
  attachables: readonly Attachable[],
  ended: AbortSignal,
): Promise<SessionServer> {
  const router = createConnectRouter({
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: LARGEST,
  });
  router.service(Health, { check: () => create(HealthCheckResponseSchema, { status: SERVING }) });
  const raw: RawMethods = new Map();
  for (const attach of attachables) await attach(router, ended, raw);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  const answer = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const rawMethod = raw.get(request.url);
    if (rawMethod !== undefined) return answerRaw(rawMethod, request, response, LARGEST);
    const handler = handlers.get(request.url);
    if (handler === undefined) return unimplemented(request.url, response, handlers.keys());
    const values = createContextValues().set(rawHeaders, request.rawHeaders);
    const asked = universalRequestFromNodeRequest(request, response, undefined, values);
    await respond(await handler(asked), response);
  };
  const server = createServer(
    { settings: { initialWindowSize: WINDOW }, maxSessionMemory: 64 },
    (request, response) => {
      // A call that was given up ends with an error, which nobody is left to hear of.
      answer(request, response).catch(() => request.stream.close());
    },
  );
  let session: ServerHttp2Session | undefined;
  let connection: Duplex | undefined;
  server.on('session', (opened) => {
    session = opened;
    opened.setLocalWindowSize(2 * WINDOW);
    // It ends the connection, which is told there.
    opened.on('error', () => undefined);
  });
  return {
    methods: [...handlers.keys()],
    serve(opened) {
      connection = withoutResets(opened, server);
      server.emit('connection', connection);
    },
    async close() {
      if (session === undefined || session.destroyed) return;
      const closed = new Promise<void>((resolve) => session?.close(resolve));
      await Promise.race([closed, pause(1000)]);
    },
    destroy() {
      session?.destroy();
      connection?.destroy();
    },
  };
}

/**
 * Sends an answer, and lets go of it as soon as the call is given up. The library's own way to do so waits for ever then:
 * a stream that was reset with CANCEL neither drains nor fails.
 */
async function respond(
  { status, header, body, trailer }: UniversalServerResponse,
  response: Http2ServerResponse,
): Promise<void> {
  const { stream } = response;
  const over = new Promise<void>((resolve) => stream.once('close', resolve));
  const parts = (body as AsyncIterable<Uint8Array> | undefined)?.[Symbol.asyncIterator]();
  try {
    // What the headers are is settled by the time of the first part.
    let part = await parts?.next();
    if (stream.closed) return;
    response.writeHead(status, Object.fromEntries(header ?? []));
    for (; part?.done === false; part = await parts?.next()) {
      if (!response.write(part.value))
        await Promise.race([over, new Promise((resolve) => response.once('drain', resolve))]);
      if (stream.closed) return;
    }
    response.addTrailers(Object.fromEntries(trailer ?? []));
    response.end();
  } finally {
    await parts?.return?.();
  }
}

/** As servers of gRPC answer for what they do not have. */
function unimplemented(path: string, response: Http2ServerResponse, known: Iterable<string>): void {
  const [, service = '', method = ''] = path.split('/', 3);
  const half = [...known].some((other) => other.startsWith(`/${service}/`));
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': '12',
    'grpc-message': encodeURIComponent(
      half ? `unknown method ${method} for service ${service}` : `unknown service ${service}`,
    ),
  };
  // Headers alone, and the end with them: after anything else a builder would want trailers.
  response.stream.respond(headers, { endStream: true });
}

/** Does not keep the process. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
