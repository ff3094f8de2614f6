import { isDenied, RegistryError, type ErrorFacts } from '../registry/index.ts';
import { headerValues, redactUrl, sameOrigin, type Transport, type TransportRequest, type TransportResponse } from '../transport/index.ts';
import { parseChallenges } from './challenge.ts';
import { noCredentials, type CredentialSource, type Credentials } from './credentials.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { basicAuthorization } from './login.ts';
import { chooseWay, readOffer, type BearerOffer, type Way } from './offer.ts';
import { noChallenge, notReplayable, whoseOf, wordsOf } from './refusal.ts';
import { containsScope, formatScope, parseScope, unionScopes, type Scope } from './scope.ts';
import type { KeptToken } from './token-cache.ts';

/** Sends requests with the authorization that they turn out to need. */
export interface Authorizer {
  /**
   * Sends a request; answers a 401 of its origin, once, with a token or a password; and remembers, so that
   * the next request needs no 401.
   *
   * Credentials are looked up only after a 401, and nothing is sent to another origin than the one it was got for.
   * @param scope what the request needs
   * @returns the answer; a 401 only if it came from another origin, to which the request was redirected
   * @throws {RegistryError} `UNAUTHORIZED`, `DENIED` (after a 401 to a token that was just got),
   * `AUTH_REALM_REFUSED`, `AUTH_TOKEN_INVALID`, `CREDENTIALS_INVALID`, `TOOMANYREQUESTS`; what the transport throws.
   * @see https://distribution.github.io/distribution/spec/auth/token/
   */
  send(request: TransportRequest, scope: Scope): Promise<TransportResponse>;
}

/** Settings of an authorizer. */
export interface AuthorizerOptions {
  /** Nobody, unless told. */
  readonly credentials?: CredentialSource;
  /** What token servers are told; requests to the registry have their own. */
  readonly userAgent?: string;
  /** Hosts, with or without port, of token servers that may be given credentials though they are on other sites. */
  readonly allowRealms?: readonly string[];
  /** The time in milliseconds, of a clock that does not jump. */
  readonly now?: () => number;
}

/** What a request is sent with. */
type Pass =
  | { readonly kind: 'none'; readonly refused?: Refused }
  | { readonly kind: 'token'; readonly token: KeptToken; readonly fresh: boolean; readonly credentials: Credentials | undefined }
  | Exclude<Way, { kind: 'bearer' }>;

/** A token that was asked for before there was a 401, and not given. */
interface Refused {
  readonly scope: string;
  readonly error: unknown;
}

/**
 * Makes an authorizer. Everything that it knows is kept for each origin (scheme, host, port) by itself.
 * @param transport follows redirects, and leaves `Authorization` behind where they change the origin
 */
export function createAuthorizer(transport: Transport, options: AuthorizerOptions = {}): Authorizer {
  const { credentials: source = noCredentials, userAgent, allowRealms = [], now = () => performance.now() } = options;
  const keyrings = new Map<string, Keyring>();
  const keyringOf = (url: URL): Keyring => {
    const keyring = keyrings.get(url.origin) ?? createKeyring(url, { transport, source, userAgent, now });
    keyrings.set(url.origin, keyring);
    return keyring;
  };

  /** What can be known to be needed without asking the registry. */
  async function prepare(keyring: Keyring, request: TransportRequest, scope: Scope): Promise<Pass> {
    const { offer } = keyring;
    if (offer === undefined) return { kind: 'none' };
    const credentials = await keyring.credentials(scope, request.signal);
    let way: Way;
    try {
      way = chooseWay(offer, { registry: request.url, credentials, allowRealms, facts: {} });
    } catch {
      // It may be open to everybody. If it is not, the 401 brings this up again.
      return { kind: 'none' };
    }
    if (way.kind !== 'bearer') return way;
    const token = keyring.tokens.find(scope);
    if (token !== undefined) return { kind: 'token', token, fresh: false, credentials };
    try {
      return { kind: 'token', token: await keyring.fetchToken(way, scope, request.signal), fresh: true, credentials };
    } catch (error) {
      if (!isDenied(error)) throw error;
      return { kind: 'none', refused: { scope: formatScope(scope), error } };
    }
  }

  /** What a 401 to the first pass asks for. */
  async function respond(keyring: Keyring, request: TransportRequest, scope: Scope, first: Pass, since: number, response: TransportResponse): Promise<Pass> {
    const facts = factsOf(request, scope);
    const values = headerValues(response.headers, 'www-authenticate');
    const offer = readOffer(parseChallenges(values));
    if (first.kind === 'token') keyring.tokens.drop(first.token);
    if (first.kind === 'static' || (first.kind === 'basic' && offer?.bearer === undefined)) throw await refusal(keyring, request, scope, first, response);
    // A token for the registry itself helps also where the registry does not say how to get one.
    const credentials = await keyring.credentials(scope, request.signal);
    ...
  }
}
