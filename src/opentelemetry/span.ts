import type { HrTime, Tracer } from '@opentelemetry/api';
import type { Listener, RequestEvent } from '../transport/index.ts';
import { isFailure, knownMethod, requestAttributes } from './attribute.ts';

/**
 * Makes a span of each request when it is told of: it began as long ago as the request took, below the span that is
 * active where the request was made.
 */
export function spans(api: typeof import('@opentelemetry/api'), tracer: Tracer): Listener<RequestEvent> {
  return (event) => {
    const end = performance.timeOrigin + performance.now();
    const method = knownMethod(event.method);
    const span = tracer.startSpan(
      method === '_OTHER' ? 'HTTP' : method,
      {
        kind: api.SpanKind.CLIENT,
        startTime: hrTime(end - event.duration),
        attributes: {
          ...requestAttributes(event),
          'url.full': event.url,
          'stowage.request.kind': event.kind,
          ...(method === '_OTHER' && { 'http.request.method_original': event.method }),
        },
      },
      api.context.active(),
    );
    if (isFailure(event.status)) span.setStatus({ code: api.SpanStatusCode.ERROR });
    span.end(hrTime(end));
  };
}

// A plain number may be taken for one of `performance.now`.
function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1_000_000)];
}
