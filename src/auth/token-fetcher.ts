import { errorCode } from '../registry/index.ts';
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
  /** Hosts of registries, with their ports, that speak plain HTTP, beside those of loopback addresses. */
  readonly plainHttp?: readonly string[];
  readonly userAgent?: string;
}

/**
 * Gets a token.
 * @returns it, and for how many seconds it is good from now on
 * @throws {RegistryError} `UNAUTHORIZED`, `DENIED`, `TOOMANYREQUESTS`, `AUTH_REALM_REFUSED`, `AUTH_TOKEN_INVALID`,
 * `CREDENTIALS_INVALID`; what the transport throws.
 */
export type TokenFetcher = (
  wish: TokenWish,
) => Promise<{ readonly token: string; readonly expiresIn: number }>;

/**
 * Gets tokens for somebody who is not to have our passwords, such as a builder. Where they are sent is judged as if the
 * registry itself had told us, so that nobody has them sent to a server of his own.
 * @param transport follows redirects, and leaves `Authorization` behind where they change the origin
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function tokenFetcher(
  transport: Transport,
  {
    credentials: source = noCredentials,
    allowRealms = [],
    plainHttp = [],
    userAgent,
  }: TokenFetcherOptions = {},
): TokenFetcher {
  return async ({ host, realm, service, scopes, signal }) => {
    const credentials = await source(host);
    const registry = registryOf(host, realm, plainHttp);
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
    try {
      const { value, goodUntil } = await requestToken(transport, request, now);
      return { token: value, expiresIn: (goodUntil - now()) / 1000 };
    } catch (error) {
      // A helper may have replaced the password meanwhile.
      if (errorCode(error) === 'UNAUTHORIZED') await source.forget?.();
      throw error;
    }
  };
}

/** Nobody says how the registry is reached: by TLS, unless it may be without, and its token server is so too. */
function registryOf(host: string, realm: string, plainHttp: readonly string[]): URL {
  const secure = new URL(`https://${host}/`);
  const mayBePlain = isLoopback(secure.hostname) || plainHttp.includes(host);
  return mayBePlain && realm.startsWith('http:') ? new URL(`http://${host}/`) : secure;
}
