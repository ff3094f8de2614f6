import { headerValue } from '../protocol/index.ts';
import { RegistryError } from '../registry/index.ts';
import { followable, redactUrl, sameOrigin } from './origin.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** What goes on to another origin: what the request is about, and nothing about who asks. */
const HARMLESS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-length',
  // Where a chunk belongs: without it, it would be appended.
  'content-range',
  'content-type',
  'range',
  'user-agent',
]);
const MOST = 10;

/**
 * Follows redirects, at most ten, as 307 and 308 ask for and as GET and HEAD may for the others.
 * Where the origin changes, `Authorization` and every header of ours but the harmless stay behind.
 * @throws {RegistryError} `REDIRECT_REFUSED`.
 */
export function followRedirects(transport: Transport): Transport {
  return async (request) => {
    let current: TransportRequest = request;
    for (let hops = 0; ; hops++) {
      const response = await transport(current);
      if (!isRedirect(response.status, current.method)) return response;
      await response.discard();
      const facts = { status: response.status, method: current.method, url: redactUrl(current.url) };
      if (hops === MOST)
        throw new RegistryError(
          'REDIRECT_REFUSED',
          `more than ${MOST} redirects from ${request.url.host}`,
          facts,
        );
      if (current.body !== undefined && !current.body.replayable) {
        throw new RegistryError(
          'REDIRECT_REFUSED',
          `${current.url.host} redirects a body that cannot be sent again`,
          facts,
        );
      }
      const url = followable(headerValue(response.headers, 'location'), current.url, 'REDIRECT_REFUSED');
      const headers = sameOrigin(url, current.url) ? current.headers : withoutSecrets(current.headers);
      current = { ...current, url, headers };
    }
  };
}

// 301, 302 and 303 turn other methods into GET in browsers; no registry means that, so those are answers.
function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (status === 301 || status === 302 || status === 303) && (method === 'GET' || method === 'HEAD');
}

function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name.toLowerCase())));
}
