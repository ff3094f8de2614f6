import type { HeaderFields } from '../protocol/index.ts';
import { toReadableStream, watch } from '../registry/index.ts';
import { guarded, unavailable } from './failure.ts';
import type { Transport, TransportRequest } from './transport.ts';

/**
 * HTTP by `fetch`, for runtimes other than Node.
 *
 * A streamed upload is sent with `redirect: 'error'`: with any other setting the fetch of Node 20 to 24 keeps a copy
 * of the whole body in memory (nodejs/undici#4058).
 */
export function fetchTransport(fetchFunction: typeof fetch = fetch): Transport {
  return async (request) => {
    const { method, url, headers, body, signal } = request;
    const bytes = body?.bytes;
    const source = body === undefined || bytes !== undefined ? undefined : watch(body.open());
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      // Of bytes at hand `fetch` tells the length itself, and minds being told.
      headers:
        source === undefined || body?.size === undefined
          ? { ...headers }
          : { ...headers, 'content-length': String(body.size) },
      redirect: source === undefined ? 'manual' : 'error',
      ...(signal !== undefined && { signal }),
    };
    if (bytes !== undefined) init.body = bytes as Uint8Array<ArrayBuffer>;
    else if (source !== undefined) {
      init.body = toReadableStream(source.stream);
      init.duplex = 'half';
    }
    let response: Response;
    try {
      response = await fetchFunction(url, init);
    } catch (error) {
      if (source?.failure !== undefined && !signal?.aborted) throw source.failure.error;
      throw connectionError(error, request);
    }
    const stream = response.body;
    return {
      status: response.status,
      headers: fields(response.headers),
      url,
      body: stream === null ? empty() : guarded(stream, (error) => connectionError(error, request)),
      discard: async () => {
        if (stream !== null && !stream.locked) await stream.cancel().catch(() => {});
      },
    };
  };
}

function connectionError(error: unknown, request: TransportRequest): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  return unavailable(request, (error as Error).message, error);
}

function fields(headers: Headers): HeaderFields {
  return Object.fromEntries(headers.entries());
}

async function* empty(): AsyncGenerator<Uint8Array> {}
