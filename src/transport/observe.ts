import { requestKind } from '../protocol/index.ts';
import type { Listener, RequestEvent } from './event.ts';
import { redactUrl } from './origin.ts';
import type { Transport } from './transport.ts';

/** Tells of every request that a transport sends, redirects and tokens included. */
export function observe(transport: Transport, onEvent: Listener<RequestEvent>): Transport {
  return async (request) => {
    const started = performance.now();
    let status: number | undefined;
    try {
      const response = await transport(request);
      status = response.status;
      return response;
    } finally {
      onEvent({
        type: 'request',
        method: request.method,
        url: redactUrl(request.url),
        kind: requestKind(request.url.pathname),
        status,
        duration: performance.now() - started,
      });
    }
  };
}
