import type { Credentials } from './login.ts';
import { containsScope, withoutResources, type Scope } from './scope.ts';
import type { Token } from './token-answer.ts';

/** A token that is at hand. */
export interface HeldToken extends Token {
  readonly scope: Scope;
  /** Who gave it. */
  readonly realm: string;
  readonly service: string | undefined;
  /** For whom; undefined for everybody, and where an earlier process asked for it. */
  readonly credentials: Credentials | undefined;
  /** Whose credentials it was given for, where tokens are kept between processes; else undefined. */
  readonly account: string | undefined;
  /** An earlier process asked for it. */
  readonly kept: boolean;
  /** It was asked for in advance, for several repositories at once. */
  readonly batch: boolean;
  /** Counts upwards: of two tokens, the one that was got later has the higher. */
  readonly serial: number;
}

/** What a token has to be. */
export interface TokenWish {
  readonly scope: Scope;
  readonly account?: string | undefined;
  /** Only one with a higher serial. */
  readonly after?: number;
}

/** The tokens for one origin, in memory. */
export interface TokenCache {
  /** The serial of the last token. */
  readonly last: number;
  /** A token of the account that allows all of the scope and is still good. */
  find(wish: TokenWish): HeldToken | undefined;
  add(token: Omit<HeldToken, 'serial'>): HeldToken;
  drop(token: HeldToken): void;
  /** Uses a token no more for these resources, and on for the others. */
  narrow(token: HeldToken, scope: Scope): void;
}

/** A process may go through more repositories than it has use for tokens. */
const MOST = 1000;

/** Makes an empty cache. @param now the time in milliseconds, of a clock that does not jump */
export function createTokenCache(now: () => number): TokenCache {
  let tokens: readonly HeldToken[] = [];
  let last = 0;
  const good = (token: HeldToken): boolean => token.goodUntil > now();
  return {
    get last() {
      return last;
    },
    find: ({ scope, account, after = 0 }) =>
      tokens.find(
        (token) =>
          token.serial > after &&
          token.account === account &&
          good(token) &&
          containsScope(token.scope, scope),
      ),
    add(token) {
      const added = { ...token, serial: ++last };
      tokens = [added, ...tokens.filter(good)].slice(0, MOST);
      return added;
    },
    drop({ serial }) {
      tokens = tokens.filter((other) => other.serial !== serial);
    },
    narrow({ serial }, scope) {
      tokens = tokens
        .map((token) =>
          token.serial === serial ? { ...token, scope: withoutResources(token.scope, scope) } : token,
        )
        .filter((token) => token.serial !== serial || token.scope.length > 0);
    },
  };
}
