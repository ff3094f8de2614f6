import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import { bytesHead, bytesPayloads } from './bytes-message.ts';

/**
 * What is put into one message of the stream, in bytes. A builder passes on a message when it has all of it, and has room
 * for 32 KiB at hand: for a longer one it clears a MiB.
 * @see https://github.com/grpc/grpc-go/blob/v1.76.0/mem/buffer_pool.go
 */
const LARGEST = 32 * 1024 - 16;

/**
 * A connection inside a call of gRPC whose messages are pieces of what each side writes. To end one direction leaves the
 * other open.
 *
 * All bytes of a build go through here, for the second time in frames of HTTP/2: they are passed on as they are, with a
 * few bytes between them. A library for messages would copy each of them six times.
 * @param call of which nothing was sent yet but the headers
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function sessionStream(call: ClientHttp2Stream): Duplex {
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void call.resume(),
    write: (chunk: Buffer, _encoding, done) => send(call, chunk, done),
    writev: (chunks, done) => send(call, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => void call.end(done),
    destroy: (error, done) => {
      call.destroy();
      done(error);
    },
  });
  let refused: Error | undefined;
  const heed = (headers: IncomingHttpHeaders): void => void (refused ??= refusal(headers));
  const payloads = bytesPayloads();
  call.on('response', heed);
  call.on('trailers', heed);
  call.on('data', (chunk: Buffer) => {
    try {
      for (const payload of payloads(chunk)) if (!stream.push(payload)) call.pause();
    } catch (error) {
      stream.destroy(error as Error);
    }
  });
  // Where it was refused, trailers have come by now: they end the call.
  call.once('end', () => (refused === undefined ? stream.push(null) : stream.destroy(refused)));
  call.once('error', (error: Error) => stream.destroy(refused ?? error));
  call.once('close', () => stream.destroy(refused));
  return stream;
}

function send(call: ClientHttp2Stream, bytes: Buffer, done: (error?: Error | null) => void): void {
  call.cork();
  for (let at = 0; at < bytes.length; at += LARGEST) {
    const piece = bytes.subarray(at, at + LARGEST);
    call.write(bytesHead(piece.length));
    call.write(piece, at + LARGEST < bytes.length ? undefined : done);
  }
  call.uncork();
}

/** What the builder says against the call, if it does. */
function refusal(headers: IncomingHttpHeaders): Error | undefined {
  const { ':status': status = '200', 'grpc-status': code = '0', 'grpc-message': message } = headers;
  if (code !== '0') return new Error(told(message) ?? `error ${String(code)} of gRPC`);
  return String(status) === '200' ? undefined : new Error(`answered with ${String(status)}`);
}

function told(message: string | string[] | undefined): string | undefined {
  if (typeof message !== 'string' || message === '') return undefined;
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
