import type { Authorizer, Scope } from '../auth/index.ts';
import { manifestTypes } from '../oci/index.ts';
import { formatRoute, type Route } from '../protocol/index.ts';
import { RegistryError } from '../registry/index.ts';
import {
  followable,
  headerValue,
  redactUrl,
  sameOrigin,
  systemClock,
  type Clock,
  type Listener,
  type RequestBody,
  type TransportResponse,
} from '../transport/index.ts';
import { errorOf, nameOf, subjectOf } from './answer.ts';
import type { OwnEvent } from './event.ts';
import { warningReader } from './warning.ts';

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
  /** Not to be sent again once the registry may have worked on it: who sends it has better means to go on. */
  readonly once?: boolean;
  /**
   * Whether a refusal means that it had been done already. Asked only where the request was sent again, though the one
   * before may have been heeded, and its answer lost.
   */
  readonly wasDone?: (refusal: RegistryError) => boolean | Promise<boolean>;
}

/** A registry's address, with the way to talk to it. */
export interface Session {
  /** As the user knows it: `docker.io`, not the host that answers for it. */
  readonly host: string;
  readonly base: URL;
  /** How many names a page of a list should have. */
  readonly pageSize: number;
  /** What `Accept` says where a manifest is asked for. */
  readonly accept: string;
  /** How often in a row what broke off is asked for again. */
  readonly retries: number;
  readonly clock: Clock;
  /** Takes out of a server's text what it was sent to know who we are. Before the text is cut. */
  hush(text: string): string;
  /** Tells the user what happens. */
  readonly tell: Listener<OwnEvent>;
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
      | 'SIZE_MISMATCH'
      | 'ENCODING_REFUSED'
      | 'PAGINATION_REFUSED'
      | 'UNAVAILABLE',
    why: string,
    cause?: unknown,
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
  /** Media types of manifests. Every one that is known, and then any, unless told. */
  readonly accept?: readonly string[];
  /** 5 unless told. */
  readonly retries?: number;
  /** Of the client's options. */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** Changes nothing unless told. */
  readonly hush?: Session['hush'];
  readonly onEvent?: Listener<OwnEvent>;
}

// Docker Hub gives the oldest form to who does not name the newer ones; docker-registry gives 404 for `*/*` alone.
const ACCEPT: readonly string[] = [...manifestTypes, '*/*;q=0.1'];

/** Binds calls to one registry: URLs, the fields that every request has, and errors. */
export function createSession(options: SessionOptions): Session {
  const { host, base, pageSize, userAgent, authorizer, namespace } = options;
  const { accept = ACCEPT, retries = 5, clock = systemClock, onEvent: tell = () => {} } = options;
  const { hush = (text) => text } = options;
  const prefix = base.pathname.replace(/\/$/, '');
  const readWarnings = warningReader(host, (event) => tell({ ...event, text: hush(event.text) }));
  return {
    host,
    base,
    pageSize,
    accept: accept.join(', '),
    retries,
    clock,
    hush,
    tell,
    async call(call, ...hoped) {
      const { method, body, scope, signal, once } = call;
      // A copy: an upload's URL is the upload's, and its query stays as the registry wrote it.
      const url = new URL(call.url ?? prefix + formatRoute(call.route), base);
      for (const [name, value] of call.query ?? []) url.searchParams.append(name, value);
      if (namespace !== undefined && sameOrigin(url, base)) {
        const others = url.search.slice(1).split('&');
        const kept = others.filter((parameter) => parameter !== '' && !parameter.startsWith('ns='));
        url.search = [...kept, `ns=${encodeURIComponent(namespace)}`].join('&');
      }
      const headers = { 'user-agent': userAgent, ...call.headers };
      const request = {
        method,
        url,
        headers,
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
        ...(once !== undefined && { once }),
      };
      const response = await authorizer.send(request, scope);
      // What stands behind a redirect is no word of the registry's.
      if (sameOrigin(response.url, base)) readWarnings(response.headers);
      if (hoped.includes(response.status)) return response;
      const refusal = await errorOf(response, { method, route: call.route, host, url, hush });
      if (response.repeated && (await call.wasDone?.(refusal))) return response;
      throw refusal;
    },
    invalid: (call, code, why, cause) =>
      new RegistryError(code, `${nameOf(host, call.route)}: ${hush(why)}`, {
        method: call.method,
        url: redactUrl(call.url ?? base),
        ...subjectOf(call.route),
        ...(cause !== undefined && { cause }),
      }),
    location: (response) =>
      followable(headerValue(response.headers, 'location'), response.url, 'LOCATION_INVALID'),
  };
}

/** Whether a URL is the registry's own, so that what it says may be believed as the registry's. */
export function isOwn(session: Session, url: URL): boolean {
  return sameOrigin(url, session.base);
}
