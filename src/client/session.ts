import type { Authorizer, Scope } from '../auth/index.ts';
import { formatRoute, type Route } from '../protocol/index.ts';
import { RegistryError } from '../registry/index.ts';
import {
  followable,
  headerValue,
  redactUrl,
  sameOrigin,
  type RequestBody,
  type TransportResponse,
} from '../transport/index.ts';
import { errorOf, nameOf, subjectOf, type Question } from './answer.ts';

/** A request to the registry. */
export interface Call {
  readonly method: string;
  readonly route: Route;
  /** Where to send it, if a server said so; else to the route's own path. */
  readonly url?: URL;
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly scope: Scope;
  readonly signal?: AbortSignal | undefined;
}

/** A registry's address, with the way to talk to it. */
export interface Session {
  /** As the user knows it: `docker.io`, not the host that answers for it. */
  readonly host: string;
  readonly base: URL;
  /** How many names a page of a list should have. */
  readonly pageSize: number;
  /** Sends a call, and gives the answer if its status is one of those hoped for. @throws {RegistryError} else. */
  call(call: Call, ...hoped: readonly number[]): Promise<TransportResponse>;
  /** An error about an answer whose status was fine. */
  invalid(
    call: Call,
    code:
      | 'RESPONSE_INVALID'
      | 'UPLOAD_RANGE_MISMATCH'
      | 'MEDIA_TYPE_CONFLICT'
      | 'DIGEST_MISMATCH'
      | 'ENCODING_REFUSED',
    why: string,
  ): RegistryError;
  /** Where an answer says to go on. @throws {RegistryError} `LOCATION_INVALID`. */
  location(response: TransportResponse): URL;
}

export interface SessionOptions {
  readonly host: string;
  readonly base: URL;
  readonly pageSize: number;
  readonly userAgent: string;
  readonly authorizer: Authorizer;
}

/** Binds calls to one registry: URLs, the fields that every request has, and errors. */
export function createSession({ host, base, pageSize, userAgent, authorizer }: SessionOptions): Session {
  const question = ({ method, route }: Call): Question => ({ method, route, host });
  return {
    host,
    base,
    pageSize,
    async call(call, ...hoped) {
      const { method, body, scope, signal } = call;
      const url = call.url ?? new URL(base.pathname.replace(/\/$/, '') + formatRoute(call.route), base);
      for (const [name, value] of call.query ?? []) url.searchParams.append(name, value);
      const headers = { 'user-agent': userAgent, ...call.headers };
      const request = {
        method,
        url,
        headers,
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
      };
      const response = await authorizer.send(request, scope);
      if (hoped.includes(response.status)) return response;
      throw await errorOf(response, question(call));
    },
    invalid: (call, code, why) =>
      new RegistryError(code, `${nameOf(host, call.route)}: ${why}`, {
        method: call.method,
        url: redactUrl(call.url ?? base),
        ...subjectOf(call.route),
      }),
    location: (response) =>
      followable(headerValue(response.headers, 'location'), response.url, 'LOCATION_INVALID'),
  };
}

/** Whether a URL is the registry's own, so that what it says may be believed as the registry's. */
export function isOwn(session: Session, url: URL): boolean {
  return sameOrigin(url, session.base);
}
