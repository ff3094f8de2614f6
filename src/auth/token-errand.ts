import { createSingleFlight } from '../registry/index.ts';
import type { Transport } from '../transport/index.ts';
import type { BearerWay } from './offer.ts';
import { scopeWords, type Scope } from './scope.ts';
import type { Token } from './token-answer.ts';
import { requestToken, type Grant } from './token.ts';

/** What a token is asked for. */
export interface TokenErrand {
  readonly way: BearerWay;
  readonly scope: Scope;
  readonly signal: AbortSignal | undefined;
  /** Whose it will be, where tokens are kept between processes. */
  readonly account: string | undefined;
  /** Not to be kept for a later process: who asks is not who should. */
  readonly passing?: boolean;
  /** How to ask for the scope, if not in our own words. */
  readonly words?: readonly string[];
  /** In advance, for several repositories. */
  readonly batch?: boolean;
}

/** What errands are done with. */
export interface TokenErrandOptions {
  readonly transport: Transport;
  /** The registry's host, with its port. */
  readonly host: string;
  readonly userAgent: string | undefined;
  readonly now: () => number;
}

/**
 * Asks the token servers of a registry, once for all who ask for the same at one time.
 * @param done what to make of a token; those who wait get this
 */
export function createTokenErrands<T>(
  { transport, host, userAgent, now }: TokenErrandOptions,
  done: (token: Token, errand: TokenErrand) => Promise<T>,
): (errand: TokenErrand) => Promise<T> {
  const flights = createSingleFlight<T>();
  // Some token servers replace a refresh token when it is used, and take the old one no more.
  const replaced = new Map<string, string>();
  const grants = new Map<string, Grant>();

  const run = async (errand: TokenErrand, words: readonly string[], signal: AbortSignal): Promise<T> => {
    const { realm, service, credentials } = errand.way;
    const server = serverOf(realm.href, service);
    const old = credentials?.identityToken;
    const identityToken = old === undefined ? undefined : (replaced.get(old) ?? old);
    const request = {
      realm,
      host,
      service,
      scopes: words,
      credentials: credentials && { ...credentials, ...(identityToken !== undefined && { identityToken }) },
      grant: grants.get(server),
      userAgent,
      signal,
    };
    const { grant, ...token } = await requestToken(transport, request, now);
    grants.set(server, grant);
    if (old !== undefined && token.identityToken !== undefined) replaced.set(old, token.identityToken);
    return done(token, errand);
  };

  return (errand) => {
    const { way, account, signal, words = scopeWords(errand.scope) } = errand;
    const key = JSON.stringify([way.realm.href, way.service, words, way.credentials?.origin, account]);
    return flights.join(key, (stop) => run(errand, words, stop), signal);
  };
}

/** One token server with one of its services, as a key. */
export function serverOf(realm: string, service: string | undefined): string {
  return JSON.stringify([realm, service]);
}
