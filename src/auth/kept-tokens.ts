import type { BearerOffer } from './offer.ts';
import { formatScope, parseScope } from './scope.ts';
import type { HeldToken, TokenCache } from './token-cache.ts';
import type { StoredAccess, TokenStore } from './token-store.ts';

/** The tokens of one origin that earlier processes got, and that later ones will have. Never fails: all is optional. */
export interface KeptTokens {
  /**
   * Puts what is kept of an account at hand, the first time that it is asked to.
   * @returns what the registry said about its token server, if that is known
   */
  recall(account: string): Promise<BearerOffer | undefined>;
  keep(token: HeldToken): Promise<void>;
  /** Takes out one that was refused. */
  drop(token: HeldToken): Promise<void>;
}

/** What tokens are moved between. */
export interface KeptTokensOptions {
  readonly store: TokenStore;
  readonly tokens: TokenCache;
  /** The time in milliseconds, of a clock that does not jump. */
  readonly now: () => number;
  /** The time in milliseconds since 1970. */
  readonly date: () => number;
}

/** How long what is kept is believed at the most, in milliseconds: where the clock was set back, it seems to live on. */
const LONGEST_LIFE = 24 * 60 * 60 * 1000;

/** @param origin scheme, host and port of the registry */
export function createKeptTokens(origin: string, options: KeptTokensOptions): KeptTokens {
  const { store, tokens, now, date } = options;
  const recalled = new Map<string, Promise<BearerOffer | undefined>>();

  const takeOver = (account: string, { realm, service, tokens: stored }: StoredAccess): BearerOffer => {
    // The newest stands first, there and here.
    for (const token of stored.toReversed()) {
      const left = token.goodUntil - date();
      tokens.add({
        value: token.token,
        goodUntil: now() + Math.min(left, LONGEST_LIFE),
        scope: parseScope(token.scope),
        realm: token.realm,
        service: token.service,
        credentials: undefined,
        account,
        kept: true,
        batch: false,
      });
    }
    return { realm, service, scope: '' };
  };

  const find = async (account: string): Promise<BearerOffer | undefined> => {
    const access = await store.find({ origin, account }).catch(() => undefined);
    return access && takeOver(account, access);
  };

  return {
    recall(account) {
      const finding = recalled.get(account) ?? find(account);
      recalled.set(account, finding);
      return finding;
    },
    async keep({ account, realm, service, scope, value, goodUntil }) {
      if (account === undefined) return;
      const token = {
        realm,
        ...(service !== undefined && { service }),
        scope: formatScope(scope),
        token: value,
        goodUntil: date() + (goodUntil - now()),
      };
      await store.keep({ origin, account }, token).catch(() => {});
    },
    async drop({ account, value }) {
      if (account !== undefined) await store.drop({ origin, account }, value).catch(() => {});
    },
  };
}
