import type { HeaderFields } from '../protocol/index.ts';
import { RegistryError } from '../registry/index.ts';
import { redactUrl } from './origin.ts';
import type { Transport, TransportRequest } from './transport.ts';
import { watch } from './watch.ts';

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
      headers: { ...headers, ...(body?.size !== undefined && { 'content-length': String(body.size) }) },
      redirect: body === undefined || bytes !== undefined ? 'manual' : 'error',
      ...(signal !== undefined && { signal }),
    };
    if (bytes !== undefined) init.body = bytes as Uint8Array<ArrayBuffer>;
    else if (source !== undefined) {
      init.body = toStream(source.stream);
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
      body: stream === null ? empty() : guarded(stream, request),
      discard: async () => {
        if (stream !== null && !stream.locked) await stream.cancel().catch(() => {});
      },
    };
  };
}

async function* guarded(
  body: AsyncIterable<Uint8Array>,
  request: TransportRequest,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw connectionError(error, request);
  }
}

function connectionError(error: unknown, { method, url, signal }: TransportRequest): unknown {
  if (signal?.aborted) return signal.reason;
  return new RegistryError('UNAVAILABLE', `${method} ${redactUrl(url)}: ${(error as Error).message}`, {
    method,
    url: redactUrl(url),
    cause: error,
  });
}

// `ReadableStream.from` is not in every browser yet.
function toStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function fields(headers: Headers): HeaderFields {
  return Object.fromEntries(headers.entries());
}

async function* empty(): AsyncGenerator<Uint8Array> {}
