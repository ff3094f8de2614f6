import { requestKind } from '../protocol/index.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Listener, RequestEvent } from './event.ts';
import { redactUrl } from './origin.ts';
import type { Transport } from './transport.ts';

/** Tells of every request that a transport sends, redirects and tokens included. */
export function observe(
  transport: Transport,
  onEvent: Listener<RequestEvent>,
  clock: Clock = systemClock,
): Transport {
  return async (request) => {
    const started = clock.now();
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
        duration: clock.now() - started,
      });
    }
  };
}
