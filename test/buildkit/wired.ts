import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createRouterTransport, type ConnectRouter, type Transport } from '@connectrpc/connect';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Attachable } from '../../src/buildkit/index.ts';
import { PacketSchema, type Packet } from '../../src/buildkit/proto/fsutil_pb.ts';

/** A builder's end of the services, with no connection between. */
export async function wired(...attachables: readonly Attachable[]): Promise<Transport> {
  // They may load what they need first, and a transport wants all services at once.
  const registrations: ((router: ConnectRouter) => void)[] = [];
  const recorder: Pick<ConnectRouter, 'service' | 'rpc'> = {
    service: (...call) => {
      registrations.push((router) => router.service(...call));
      return recorder as ConnectRouter;
    },
    rpc: (...call: unknown[]) => {
      registrations.push((router) => router.rpc(...(call as Parameters<ConnectRouter['rpc']>)));
      return recorder as ConnectRouter;
    },
  };
  const { signal } = new AbortController();
  for (const attach of attachables) await attach(recorder as ConnectRouter, signal, new Map());
  return createRouterTransport((router) => registrations.forEach((register) => register(router)));
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
