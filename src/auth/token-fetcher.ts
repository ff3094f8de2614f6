import { isLoopback, type Transport } from '../transport/index.ts';
import { noCredentials, type CredentialSource } from './credentials.ts';
import { hasPassword } from './login.ts';
import { checkRealm } from './realm.ts';
import { requestToken } from './token.ts';

/** A token that somebody else wants, who talks to the registry itself. */
export interface TokenWish {
  /** The registry's, with its port: `registry-1.docker.io`. */
  readonly host: string;
  /** The URL of the token server, as the registry is said to have told it. */
  readonly realm: string;
  readonly service: string;
  /** Each as `repository:library/alpine:pull`. */
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal;
}

export interface TokenFetcherOptions {
  /** Nobody, unless told. */
  readonly credentials?: CredentialSource;
  /** Hosts, with or without port, of token servers that may be given credentials though they are on other sites. */
  readonly allowRealms?: readonly string[];
  readonly userAgent?: string;
}

/**
 * Gets tokens for somebody who is not to have our passwords, such as a builder. Where they are sent is judged as if the
 * registry itself had told us, so that nobody has them sent to a server of his own.
 * @param transport follows redirects, and leaves `Authorization` behind where they change the origin
 * @returns a function that gives a token, and for how many seconds it is good from now on; it fails as
 * `Authorizer.send` does
 */
export function tokenFetcher(
  transport: Transport,
  { credentials: source = noCredentials, allowRealms = [], userAgent }: TokenFetcherOptions = {},
): (wish: TokenWish) => Promise<{ readonly token: string; readonly expiresIn: number }> {
  return async ({ host, realm, service, scopes, signal }) => {
    const credentials = await source(host);
    const registry = registryOf(host, realm);
    const withCredentials = hasPassword(credentials) || credentials?.identityToken !== undefined;
    const now = (): number => performance.now();
    const request = {
      realm: await checkRealm(realm, { registry, withCredentials, allowRealms }),
      host,
      service,
      scopes,
      credentials,
      userAgent,
      ...(signal !== undefined && { signal }),
    };
    const { value, goodUntil } = await requestToken(transport, request, now);
    return { token: value, expiresIn: (goodUntil - now()) / 1000 };
  };
}

/** Nobody says how the registry is reached: by TLS, unless it is on this machine and its token server is so too. */
function registryOf(host: string, realm: string): URL {
  const secure = new URL(`https://${host}/`);
  return isLoopback(secure.hostname) && realm.startsWith('http:') ? new URL(`http://${host}/`) : secure;
}
