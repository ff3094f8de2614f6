import { Code, ConnectError } from '@connectrpc/connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import type { RawMethod } from './attachable.ts';

/** Before each message: whether it is compressed, and its length in four bytes. */
const PREFIX = 5;

/** A question is a digest, and a few numbers. */
const LARGEST = 64 * 1024;

/**
 * Answers a call, message by message as the builder takes them.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function answerRaw(
  method: RawMethod,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): Promise<void> {
  const { stream, headers } = request;
  const over = new AbortController();
  stream.once('close', () => over.abort());
  const header = (name: string): string | undefined => headers[name]?.toString();
  let error: ConnectError | undefined;
  response.writeHead(200, { 'content-type': 'application/grpc+proto' });
  try {
    const message = await soleMessage(request);
    for await (const parts of method({ message, header, signal: over.signal })) {
      // Before it is sent, not after: what ends the answer is to go with the last of it. A builder that has all it asked
      // for, and not the end of the call, resets it.
      await room(stream, over.signal);
      if (over.signal.aborted) return;
      send(stream, parts);
    }
  } catch (thrown) {
    error = ConnectError.from(thrown);
  }
  if (over.signal.aborted) return;
  response.addTrailers(trailers(error));
  response.end();
}

function send(stream: ServerHttp2Stream, parts: readonly Uint8Array[]): void {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(
    parts.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  stream.cork();
  stream.write(prefix);
  for (const part of parts) stream.write(part);
  stream.uncork();
}

/** Returns when there is room for more, or nobody is left to take it. */
async function room(stream: ServerHttp2Stream, over: AbortSignal): Promise<void> {
  if (over.aborted || !stream.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      over.removeEventListener('abort', done);
      stream.off('drain', done);
      resolve();
    };
    stream.once('drain', done);
    over.addEventListener('abort', done);
  });
}

async function soleMessage(request: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LARGEST) throw new ConnectError('the question is too long', Code.ResourceExhausted);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes[0] !== 0 || bytes.length < PREFIX || bytes.readUInt32BE(1) !== bytes.length - PREFIX)
    throw new ConnectError('want one message, and that not compressed', Code.InvalidArgument);
  return bytes.subarray(PREFIX);
}

function trailers(error: ConnectError | undefined): Record<string, string> {
  const trailer = new Headers();
  setTrailerStatus(trailer, error);
  return Object.fromEntries(trailer);
}
