import { redactUrl } from './origin.ts';
import type { Transport } from './transport.ts';

/** One request that was sent, with its answer. */
export interface RequestEvent {
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** From sending to the answer's headers, in milliseconds. */
  readonly duration: number;
}

/** Tells of every request that a transport sends, redirects and tokens included. */
export function observe(transport: Transport, onRequest: (event: RequestEvent) => void): Transport {
  return async (request) => {
    const started = performance.now();
    let status: number | undefined;
    try {
      const response = await transport(request);
      status = response.status;
      return response;
    } finally {
      onRequest({
        method: request.method,
        url: redactUrl(request.url),
        status,
        duration: performance.now() - started,
      });
    }
  };
}
