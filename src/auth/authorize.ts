import {
  sameOrigin,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../transport/index.ts';
import { noCredentials, type CredentialSource } from './credentials.ts';
import { earnPass } from './earn.ts';
import { foreseePass } from './foresee.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { refusedPass, withPass } from './pass.ts';
import type { Scope } from './scope.ts';

/** Sends requests with the authorization that they turn out to need. */
export interface Authorizer {
  /**
   * Sends a request; answers a 401 once, with a token or a password; and remembers, so that the next request
   * needs no 401. Credentials are looked up only after a 401, and go to no other origin than the one that asked.
   * @param scope what the request needs
   * @returns the answer; a 401 only from another origin, if the request was redirected there
   * @throws {RegistryError} `UNAUTHORIZED`; `DENIED` after a 401 to a token that was just got; `AUTH_REALM_REFUSED`;
   * `AUTH_TOKEN_INVALID`; `CREDENTIALS_INVALID`; `TOOMANYREQUESTS`; and what the transport throws.
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
  /** The time in milliseconds, of a clock that does not jump; `performance.now` unless told. */
  readonly now?: () => number;
}

/**
 * Makes an authorizer. What it knows, it knows of each origin (scheme, host, port) by itself.
 * @param transport follows redirects, and leaves `Authorization` behind where they change the origin
 */
export function createAuthorizer(transport: Transport, options: AuthorizerOptions = {}): Authorizer {
  const {
    credentials: source = noCredentials,
    userAgent,
    allowRealms = [],
    now = () => performance.now(),
  } = options;
  const keyrings = new Map<string, Keyring>();
  const keyringOf = (url: URL): Keyring => {
    const keyring = keyrings.get(url.origin) ?? createKeyring(url, { transport, source, userAgent, now });
    keyrings.set(url.origin, keyring);
    return keyring;
  };
  return {
    async send(request, scope) {
      const keyring = keyringOf(request.url);
      const visit = { keyring, request, scope, allowRealms };
      const first = await foreseePass(visit);
      const since = keyring.tokens.last;
      const response = await transport(withPass(request, first));
      if (!isOurs401(response, request)) return response;
      let second;
      try {
        second = await earnPass(visit, first, since, response);
      } catch (error) {
        await response.discard();
        throw error;
      }
      const again = await transport(withPass(request, second));
      if (!isOurs401(again, request)) return again;
      throw await refusedPass(visit, second, again);
    },
  };
}

// Where a redirect led to another origin, that origin's 401 is no reason to tell it who we are.
function isOurs401(response: TransportResponse, request: TransportRequest): boolean {
  return response.status === 401 && sameOrigin(response.url, request.url);
}
