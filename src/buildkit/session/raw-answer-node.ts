import { ConnectError } from '@connectrpc/connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { valuesOf } from '../files/metadata.ts';
import type { RawMethod } from './attachable.ts';
import { messageCutter } from './message-cutter.ts';
import { messageSender } from './message-sender-node.ts';

/**
 * Answers a call by a method that reads and writes messages by itself.
 * @param largest how long a message of the builder may be, in bytes
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function answerRaw(
  method: RawMethod,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  largest: number,
): Promise<void> {
  const { stream, rawHeaders } = request;
  const over = new AbortController();
  const { signal } = over;
  stream.once('close', () => over.abort());
  const { send, room, flush } = messageSender(stream, signal);
  let isAnswered = false;
  const messages = messagesIn(stream, largest, () => isAnswered);
  const metadata = (name: string): readonly string[] => valuesOf(rawHeaders, name);
  let error: ConnectError | undefined;
  response.writeHead(200, { 'content-type': 'application/grpc+proto' });
  try {
    await method({ messages, send, room, metadata, signal });
  } catch (thrown) {
    error = ConnectError.from(thrown);
  }
  isAnswered = true;
  if (signal.aborted) return;
  flush();
  response.addTrailers(trailers(error));
  response.end();
  // What the builder says beyond that is of no use. Where nobody reads it, the call would stay open.
  stream.resume();
}

/** @param isAnswered whether nobody is to hear more, also of those who still listen */
async function* messagesIn(
  stream: ServerHttp2Stream,
  largest: number,
  isAnswered: () => boolean,
): AsyncGenerator<Buffer> {
  const cutter = messageCutter(largest);
  // Who has read enough still has an answer to send.
  const pieces = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  try {
    for await (const piece of pieces)
      for (const message of cutter.cut(piece)) {
        if (isAnswered()) return;
        yield message;
      }
    cutter.end();
  } finally {
    if (isAnswered()) stream.resume();
  }
}

function trailers(error: ConnectError | undefined): Record<string, string> {
  const trailer = new Headers();
  setTrailerStatus(trailer, error);
  return Object.fromEntries(trailer);
}
