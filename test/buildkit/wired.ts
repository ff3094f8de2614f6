import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import {
  createGrpcTransport,
  Http2SessionManager,
  type GrpcTransportOptions,
} from '@connectrpc/connect-node';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Attachable } from '../../src/buildkit/index.ts';
import { sessionServer } from '../../src/buildkit/session/session-server-node.ts';
import { PacketSchema, type Packet } from '../../src/buildkit/proto/fsutil_pb.ts';

/** A builder's end of the services: it calls over a connection, as builders do. */
export async function wired(...attachables: readonly Attachable[]): Promise<Transport> {
  const { signal } = new AbortController();
  const server = await sessionServer(attachables, signal);
  const listener = createServer((socket) => server.serve(socket));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const baseUrl = 'http://localhost';
  const manager = new Http2SessionManager(
    baseUrl,
    {},
    { createConnection: () => connect(port, '127.0.0.1') },
  );
  // Builders send each value of a header on its own, and the library joins them.
  const sessionManager: NonNullable<GrpcTransportOptions['sessionManager']> = {
    authority: manager.authority,
    notifyResponseByteRead: (stream) => manager.notifyResponseByteRead(stream),
    request: (method, path, headers, options) =>
      manager.request(
        method,
        path,
        Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, String(value).split(', ')] as const),
        ),
        options,
      ),
  };
  onTestFinished(() => {
    manager.abort();
    server.destroy();
    listener.close();
  });
  return createGrpcTransport({ baseUrl, sessionManager, acceptCompression: [] });
}

/** A folder for the time of a test. */
export async function folder(): Promise<string> {
  const made = await realpath(await mkdtemp(join(tmpdir(), 'stowage-buildkit-')));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** One side of a conversation: what is said is what the other side reads. */
export interface Line<T> extends AsyncIterable<T> {
  say(...messages: readonly T[]): void;
  hangUp(): void;
}

export function line<T>(): Line<T> {
  const waiting: T[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  return {
    say(...messages) {
      waiting.push(...messages);
      wake();
    },
    hangUp() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

/** A packet as it is on the wire. */
export function packet(fields: Parameters<typeof create<typeof PacketSchema>>[1]): Packet {
  return fromBinary(PacketSchema, toBinary(PacketSchema, create(PacketSchema, fields)));
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
