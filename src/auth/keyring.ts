import type { Transport } from '../transport/index.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import type { BearerWay, Offer } from './offer.ts';
import { repositoryOf, scopeWords, type Scope } from './scope.ts';
import { abortable, createSingleFlight } from '../registry/index.ts';
import { createTokenCache, type KeptToken, type TokenCache } from './token-cache.ts';
import { requestToken } from './token.ts';

/** What is known about one origin (scheme, host, port): how it lets people in, who we are there, and our tokens. */
export interface Keyring {
  /** What it offered in its last 401; undefined before the first. */
  offer: Offer | undefined;
  readonly tokens: TokenCache;
  /** Who we are, for what a scope needs. @throws {RegistryError} `CREDENTIALS_INVALID`. */
  credentials(scope: Scope, signal: AbortSignal | undefined): Promise<Credentials | undefined>;
  /** Looks credentials up anew next time: these were refused. */
  forget(): void;
  /**
   * Asks the token server, together with all who ask it for the same at this time, and keeps the token.
   * @param words how to ask for the scope, if not in our own words
   */
  fetchToken(
    way: BearerWay,
    scope: Scope,
    signal: AbortSignal | undefined,
    words?: readonly string[],
  ): Promise<KeptToken>;
}

/** What a keyring works with. */
export interface KeyringOptions {
  readonly transport: Transport;
  readonly source: CredentialSource;
  readonly userAgent: string | undefined;
  readonly now: () => number;
}

/** How long credentials are used before they are looked up again, in milliseconds. */
const KEPT = 5 * 60 * 1000;
/** For this many repositories at the most. */
const MOST = 1000;

/** Makes an empty keyring for the origin of a URL. */
export function createKeyring({ host }: URL, { transport, source, userAgent, now }: KeyringOptions): Keyring {
  const tokens = createTokenCache(now);
  const flights = createSingleFlight<KeptToken>();
  const known = new Map<
    string,
    { readonly at: number; readonly credentials: Promise<Credentials | undefined> }
  >();
  // Some token servers replace a refresh token when it is used, and take the old one no more.
  const replaced = new Map<string, string>();

  return {
    offer: undefined,
    tokens,
    async credentials(scope, signal) {
      const repository = repositoryOf(scope);
      const key = repository ?? '';
      let entry = known.get(key);
      if (entry === undefined || now() - entry.at >= KEPT) {
        if (known.size >= MOST) known.clear();
        entry = { at: now(), credentials: source(host, repository) };
        known.set(key, entry);
        // An error is not remembered: a helper that failed may work next time.
        void entry.credentials.catch(() => known.delete(key));
      }
      return abortable(entry.credentials, signal);
    },
    forget: () => known.clear(),
    async fetchToken({ realm, service, credentials }, scope, signal, words = scopeWords(scope)) {
      const key = JSON.stringify([realm.href, service, words]);
      const start = async (stop: AbortSignal): Promise<KeptToken> => {
        const identityToken = credentials?.identityToken;
        const newer = identityToken === undefined ? undefined : replaced.get(identityToken);
        const ours =
          credentials !== undefined && newer !== undefined
            ? { ...credentials, identityToken: newer }
            : credentials;
        const request = { realm, host, service, scopes: words, credentials: ours, userAgent, signal: stop };
        const token = await requestToken(transport, request, now);
        if (identityToken !== undefined && token.identityToken !== undefined)
          replaced.set(identityToken, token.identityToken);
        return tokens.add({ ...token, scope, realm: realm.href, service, credentials });
      };
      return flights.join(key, start, signal);
    },
  };
}
