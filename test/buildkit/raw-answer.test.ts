import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { connect, createServer, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentsHead, packetType } from '../../src/buildkit/files/packet.ts';
import { PacketSchema } from '../../src/buildkit/proto/fsutil_pb.ts';
import type { RawMethod } from '../../src/buildkit/session/attachable.ts';
import { messageCutter } from '../../src/buildkit/session/message-cutter.ts';
import { answerRaw } from '../../src/buildkit/session/raw-answer-node.ts';
import { messageSender } from '../../src/buildkit/session/message-sender-node.ts';
import { soleMessage } from '../../src/buildkit/session/sole-message.ts';

const KIB = 1024;
const LARGEST = 100 * KIB;
const CANCEL = 8;

/** Messages as they are on the wire. */
function wire(...messages: readonly Uint8Array[]): Buffer {
  const prefixed = messages.map((message) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  });
  return Buffer.concat(prefixed);
}

/** A call of a method, of which nothing is said yet. */
async function called(method: RawMethod): Promise<ClientHttp2Stream> {
  const server = createServer((request, response) => void answerRaw(method, request, response, LARGEST));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return client.request({ ':method': 'POST', 'x-one': ['a, b', 'c'] }, { endStream: false });
}

/** All that is answered, in the pieces that it comes in, and how it ends. */
async function answered(
  call: ClientHttp2Stream,
): Promise<{ bytes: Buffer; pieces: number; status: unknown; message: unknown }> {
  let trailers: IncomingHttpHeaders = {};
  call.once('trailers', (headers) => (trailers = headers));
  const pieces: Buffer[] = [];
  for await (const piece of call) pieces.push(piece as Buffer);
  const { 'grpc-status': status, 'grpc-message': message } = trailers;
  return {
    bytes: Buffer.concat(pieces),
    pieces: pieces.length,
    status,
    message: decodeURIComponent(message?.toString() ?? ''),
  };
}

async function all(messages: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

/** Until nothing more happens to a number. */
async function settled(count: () => number): Promise<number> {
  for (let [before, same] = [-1, 0]; same < 5; same = count() === before ? same + 1 : 0) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return count();
}

describe('messages are cut out of what comes', () => {
  const messages = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(3000, 7), Buffer.from('last')];

  test.each([1, 2, 4, 5, 6, 8, 13, 1000, 5000])('in pieces of %i bytes', (size) => {
    const { cut, end } = messageCutter(LARGEST);
    const whole = wire(...messages);
    const found: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) found.push(...cut(whole.subarray(at, at + size)));
    end();
    expect(found.map(String)).toEqual(messages.map(String));
  });

  test('where they are whole, without a copy', () => {
    const piece = wire(...messages);
    const [first] = messageCutter(LARGEST).cut(piece);
    piece.write('two', 5);
    expect(String(first)).toBe('two');
  });
});

describe('a call', () => {
  test('is told all that is said, and each value of a header', async () => {
    const told: unknown[] = [];
    const call = await called(async ({ messages, metadata }) => {
      told.push(metadata('x-one'), metadata('x-none'));
      told.push((await all(messages)).map(String));
    });
    call.write(wire(Buffer.from('on')).subarray(0, 6));
    setImmediate(() => call.end(Buffer.concat([Buffer.from('n'), wire(Buffer.from('two'))])));
    expect(await answered(call)).toMatchObject({ status: '0' });
    expect(told).toEqual([['a, b', 'c'], [], ['on', 'two']]);
  });

  test.each([
    ['is compressed', Buffer.from([1, 0, 0, 0, 1, 0]), Code.Unimplemented],
    ['is too long', Buffer.from([0, 0, 1, 0x90, 1]), Code.ResourceExhausted],
    ['is broken off', Buffer.from([0, 0, 0, 0, 2, 0]), Code.InvalidArgument],
  ])('is refused where a message %s', async (_, bytes, code) => {
    const call = await called(async ({ messages }) => void (await all(messages)));
    // What is too long is not waited for.
    if (code === Code.InvalidArgument) call.end(bytes);
    else call.write(bytes);
    expect(await answered(call)).toMatchObject({ status: String(code) });
  });

  test.each([
    ['none', [], Code.InvalidArgument],
    ['one', ['x'], 0],
    ['several', ['x', 'y'], Code.InvalidArgument],
  ])('that wants one message is told of %s', async (_, said, code) => {
    const call = await called(async ({ messages, send }) => send(await soleMessage(messages)));
    call.end(wire(...said.map((text) => Buffer.from(text))));
    const { bytes, status } = await answered(call);
    expect([status, String(bytes)]).toEqual([String(code), code === 0 ? String(wire(Buffer.from('x'))) : '']);
  });

  test('is answered, and over, while the builder may still say something', async () => {
    const call = await called(async ({ send }) => send(Buffer.from('here')));
    const { bytes, status } = await answered(call);
    expect([String(bytes), status]).toEqual([String(wire(Buffer.from('here'))), '0']);
  });

  test('is closed though nobody has read what was said', async () => {
    const call = await called(async ({ messages }) => {
      for await (const _ of messages) return;
    });
    const closed = new Promise((resolve) => call.once('close', resolve));
    call.end(wire(...Array.from({ length: 20 }, () => Buffer.alloc(50 * KIB))));
    expect(await answered(call)).toMatchObject({ status: '0' });
    await closed;
  });

  test('that is answered is told no more, whoever listens, and is closed', async () => {
    let told = 0;
    let answer: () => void = () => undefined;
    const call = await called(async ({ messages }) => {
      void (async () => {
        for await (const _ of messages) told += 1;
      })().catch(() => undefined);
      await new Promise<void>((resolve) => (answer = resolve));
    });
    const closed = new Promise((resolve) => call.once('close', resolve));
    call.write(wire(Buffer.from('heard')));
    await expect.poll(() => told).toBe(1);
    answer();
    call.end(wire(...Array.from({ length: 20 }, () => Buffer.alloc(50 * KIB))));
    expect(await answered(call)).toMatchObject({ status: '0' });
    await closed;
    expect(told).toBe(1);
  });

  test('that fails after some messages tells both', async () => {
    const call = await called(async ({ send }) => {
      send(Buffer.from('some'));
      send(Buffer.alloc(100 * KIB));
      throw new ConnectError('no more', Code.DataLoss);
    });
    const { bytes, ...end } = await answered(call);
    expect(bytes.equals(wire(Buffer.from('some'), Buffer.alloc(100 * KIB)))).toBe(true);
    expect(end).toMatchObject({ status: String(Code.DataLoss), message: 'no more' });
  });
});

describe('messages are sent', () => {
  test('in few writes, and the large parts without a copy', () => {
    const written: Buffer[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk);
        done();
      },
    });
    const { send, flush } = messageSender(stream, new AbortController().signal);
    for (let at = 0; at < 1000; at += 1) send(Buffer.alloc(95, at));
    expect(written.length).toBe(1);
    const large = Buffer.alloc(40 * KIB);
    send(Buffer.from('head'), large, Buffer.from('tail'));
    flush();
    expect(written.map(({ length }) => length)).toEqual([65_505, 34_504, 40 * KIB, 4]);
    expect(written[2]?.buffer).toBe(large.buffer);
  });

  test('no more where a write never ends, once the call is given up', async () => {
    const over = new AbortController();
    const { send, room } = messageSender(new Writable({ write: () => undefined }), over.signal);
    send(Buffer.alloc(KIB * KIB));
    const waiting = room();
    over.abort();
    await expect(waiting).rejects.toMatchObject({ code: Code.Canceled });
  });

  test('small ones together, large ones as they are, in order', async () => {
    const sizes = Array.from({ length: 3000 }, (_, at) => (at % 500 === 499 ? 40 * KIB : at % 90));
    const messages = sizes.map((size, at) => Buffer.alloc(size, at));
    const call = await called(async ({ send, room }) => {
      for (const message of messages) {
        await room();
        send(message.subarray(0, 3), message.subarray(3));
      }
    });
    const { bytes, pieces } = await answered(call);
    expect(bytes.equals(wire(...messages))).toBe(true);
    expect(pieces).toBeLessThan(100);
  });

  test('at the latest when there is nothing else to do', async () => {
    let end: () => void = () => undefined;
    const call = await called(async ({ send }) => {
      send(Buffer.from('now'));
      await new Promise<void>((resolve) => (end = resolve));
    });
    const first = await new Promise<Buffer>((resolve) => call.once('data', resolve));
    expect(String(first)).toBe(String(wire(Buffer.from('now'))));
    end();
  });

  test('no faster than they are taken', async () => {
    let sent = 0;
    const call = await called(async ({ send, room }) => {
      for (; sent < 500; sent++) {
        await room();
        send(Buffer.alloc(20 * KIB));
      }
    });
    expect(await settled(() => sent)).toBeLessThan(50);
    expect((await answered(call)).bytes.length).toBe(500 * (20 * KIB + 5));
  });

  test('and not any more once the call is given up, which everybody hears who waits', async () => {
    const heard: unknown[] = [];
    let over: AbortSignal | undefined;
    const call = await called(async ({ send, room, signal }) => {
      over = signal;
      const one = async (): Promise<void> => {
        for (;;) {
          await room();
          send(Buffer.alloc(20 * KIB));
        }
      };
      heard.push(...(await Promise.allSettled([one(), one()])));
      send(Buffer.from('to nobody'));
    });
    call.on('error', () => undefined);
    await new Promise((resolve) => call.once('readable', resolve));
    call.close(CANCEL);
    const reason = expect.objectContaining({ code: Code.Canceled }) as unknown;
    await expect
      .poll(() => heard)
      .toEqual([
        { status: 'rejected', reason },
        { status: 'rejected', reason },
      ]);
    expect(over?.aborted).toBe(true);
  });
});

test('what is said stays with the builder until somebody reads it', async () => {
  let read: () => void = () => undefined;
  let count = 0;
  const call = await called(async ({ messages }) => {
    await new Promise<void>((resolve) => (read = resolve));
    for await (const _ of messages) count += 1;
  });
  const message = wire(Buffer.alloc(20 * KIB));
  let taken = 0;
  for (let said = 0; said < 100; said += 1) call.write(message, () => (taken += 1));
  call.end();
  expect(await settled(() => taken)).toBeLessThan(20);
  read();
  expect(await answered(call)).toMatchObject({ status: '0' });
  expect(count).toBe(100);
});

test.each([0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1])(
  'a part of file %i is written as the library writes it',
  (id) => {
    for (const length of [0, 1, 127, 128, 256 * KIB]) {
      const data = Buffer.alloc(length, 7);
      const message = toBinary(PacketSchema, create(PacketSchema, { type: packetType.contents, id, data }));
      expect(Buffer.concat([contentsHead(id, length), data]).equals(message)).toBe(true);
    }
  },
);
