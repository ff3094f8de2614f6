import type { Attributes } from '@opentelemetry/api';
import type { RequestEvent } from '../transport/index.ts';

/** Others are told as `_OTHER`, so that a client cannot make as many time series as it likes. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The method, as the conventions want it. */
export function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : '_OTHER';
}

/**
 * What spans and metrics of a request have in common, named by the conventions for HTTP. The URL is not among it: it
 * would be another time series each time.
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/
 */
export function requestAttributes({ method, url, status }: RequestEvent): Attributes {
  const { protocol, hostname, port } = new URL(url);
  return {
    'http.request.method': knownMethod(method),
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(isFailure(status) && { 'error.type': status === undefined ? 'no_answer' : String(status) }),
  };
}

/** Whether the conventions call it an error: no answer, or one of 400 and above. */
export function isFailure(status: number | undefined): boolean {
  return status === undefined || status >= 400;
}
