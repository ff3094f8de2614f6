import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderFields } from '../protocol/index.ts';
import type { Handler, ServerReply } from './request.ts';

/** What a caller may still send once it was answered, before the connection is closed on it: bytes, milliseconds. */
const DRAIN = { bytes: 64 * 1024 * 1024, time: 5000 };

/** The handler as a listener for the `request` event of `node:http`. */
export function toNodeListener(
  handler: Handler,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the caller is gone'));
    });
    // Without a listener an error of a broken connection would end the process.
    response.on('error', () => {});
    request.on('error', () => {});
    void handler({
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: fieldsOf(request),
      // An endpoint that stops reading must not break the connection: its answer is still to come.
      body: {
        [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>,
      },
      signal: gone.signal,
    })
      .then((reply) => send(request, response, reply))
      // The answer's own bytes failed: the caller has to see that it is not whole.
      .catch(() => response.destroy());
  };
}

/** `rawHeaders`, as the ready-made objects lose repeated fields, or trip over odd names (CVE-2026-21710). */
function fieldsOf({ rawHeaders }: IncomingMessage): HeaderFields {
  const fields = Object.create(null) as Record<string, string | string[]>;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    const earlier = fields[name];
    fields[name] = earlier === undefined ? value : [...(Array.isArray(earlier) ? earlier : [earlier]), value];
  }
  return fields;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ServerReply,
): Promise<void> {
  // An answer that comes before the whole request. It must not close the connection: a caller that is still
  // writing would see that, and not the answer.
  if (!request.complete && hasBody(request)) drain(request);
  response.writeHead(status, headers);
  if (request.method === 'HEAD' || body === undefined) response.end();
  else if (body instanceof Uint8Array) response.end(body);
  else await pump(body, response);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

async function pump(body: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  for await (const chunk of body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await roomIn(response);
  }
  response.end();
}

/** Until there is room again, or nobody to write for. `once` would leave its listeners for the other event behind. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** Reads some of what is still coming, so that the caller gets to see the answer instead of a broken connection. */
function drain(request: IncomingMessage): void {
  let left = DRAIN.bytes;
  const timer = setTimeout(() => request.destroy(), DRAIN.time).unref();
  request.once('close', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}
