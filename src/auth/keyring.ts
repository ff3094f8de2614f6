import { redactUrl, type Listener, type Transport } from '../transport/index.ts';
import type { CredentialSource } from './credentials.ts';
import type { TokenEvent } from './event.ts';
import { createFirstAnswer, type FirstAnswer } from './first-answer.ts';
import { createIdentities, type Identities } from './identity.ts';
import { createKeptTokens } from './kept-tokens.ts';
import type { BearerWay, Offer } from './offer.ts';
import { formatScope, type Scope } from './scope.ts';
import { createTokenCache, type HeldToken, type TokenCache } from './token-cache.ts';
import { createTokenErrands, serverOf, type TokenErrand } from './token-errand.ts';
import type { TokenStore } from './token-store.ts';

/** What is known about one origin (scheme, host, port): how it lets people in, who we are there, and our tokens. */
export interface Keyring {
  /** What it offered in its last 401; undefined before the first. */
  offer: Offer | undefined;
  readonly first: FirstAnswer;
  readonly identities: Identities;
  readonly tokens: TokenCache;
  /**
   * Whose credentials would be used for a scope, where tokens are kept between processes. What was kept of that
   * account is at hand from then on.
   */
  recall(scope: Scope, signal: AbortSignal | undefined): Promise<string | undefined>;
  /** Asks the token server, together with all who ask it for the same at this time, and keeps the token. */
  fetchToken(errand: TokenErrand): Promise<HeldToken>;
  /** A token goes out: tells so the first time, if an earlier process got it. */
  use(token: HeldToken): void;
  /** A token was refused for a scope. @param error why, as the registry has it */
  refuse(token: HeldToken, scope: Scope, error: string | undefined): Promise<void>;
  /** Whether a token server may be asked for several repositories at once, as far as is known. */
  takesSeveral(way: BearerWay): boolean;
  /** It may not: it gives no token for that, or none that the registry takes. */
  takesOne(way: Pick<HeldToken, 'realm' | 'service'>): void;
}

/** What a keyring works with. */
export interface KeyringOptions {
  readonly transport: Transport;
  readonly source: CredentialSource;
  readonly userAgent: string | undefined;
  readonly now: () => number;
  readonly date: () => number;
  readonly store: TokenStore | undefined;
  readonly onEvent: Listener<TokenEvent>;
}

/** Makes an empty keyring for the origin of a URL. */
export function createKeyring({ host, origin }: URL, options: KeyringOptions): Keyring {
  const { transport, source, userAgent, now, date, store, onEvent } = options;
  const tokens = createTokenCache(now);
  const kept = store && createKeptTokens(origin, { store, tokens, now, date });
  const identities = createIdentities(host, source, now);
  const oneByOne = new Set<string>();
  const used = new Set<number>();

  const tell = (from: TokenEvent['source'], { realm, scope }: HeldToken): void =>
    onEvent({ type: 'token', realm: redactUrl(new URL(realm)), scope: formatScope(scope), source: from });

  const fetchToken = createTokenErrands({ transport, host, userAgent, now }, async (token, errand) => {
    const { way, scope, account, passing = false, batch = false } = errand;
    const { service, credentials } = way;
    const realm = way.realm.href;
    const held = tokens.add({ ...token, scope, realm, service, credentials, account, kept: false, batch });
    tell('server', held);
    if (!passing) await kept?.keep(held);
    return held;
  });

  const keyring: Keyring = {
    offer: undefined,
    first: createFirstAnswer(),
    identities,
    tokens,
    fetchToken,
    async recall(scope, signal) {
      if (kept === undefined) return undefined;
      const account = await identities.account(scope, signal);
      const bearer = account === undefined ? undefined : await kept.recall(account);
      if (bearer !== undefined) keyring.offer ??= { bearer, basic: false };
      return account;
    },
    use(token) {
      if (!token.kept || used.has(token.serial)) return;
      used.add(token.serial);
      tell('kept', token);
    },
    async refuse(token, scope, error) {
      // It is good for one of its repositories alone, or for no other than these.
      if (token.batch) keyring.takesOne(token);
      if (token.batch && error !== 'invalid_token') tokens.narrow(token, scope);
      else tokens.drop(token);
      await kept?.drop(token);
    },
    takesSeveral: ({ realm, service }) => !oneByOne.has(serverOf(realm.href, service)),
    takesOne: ({ realm, service }) => void oneByOne.add(serverOf(realm, service)),
  };
  return keyring;
}
