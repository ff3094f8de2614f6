import { toReadableStream } from '../registry/index.ts';
import type { Handler } from './request.ts';

/** The handler as a function of `Request` and `Response`, for runtimes and frameworks that speak them. */
export function toFetchHandler(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const { body: stream } = request;
    const streamed = stream !== null && !request.headers.has('content-length');
    const reply = await handler({
      method: request.method,
      target: url.pathname + url.search,
      // A `Request` does not show how its body is framed.
      headers: {
        ...Object.fromEntries(request.headers.entries()),
        ...(streamed && { 'transfer-encoding': 'chunked' }),
      },
      body: (stream ?? empty()) as AsyncIterable<Uint8Array>,
      signal: request.signal,
    });
    const { status, headers, body } = reply;
    if (request.method === 'HEAD' || body === undefined) return new Response(null, { status, headers });
    return new Response(
      body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : toReadableStream(body),
      {
        status,
        headers,
      },
    );
  };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
