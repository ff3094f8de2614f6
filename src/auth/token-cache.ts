import type { Credentials } from './login.ts';
import { containsScope, type Scope } from './scope.ts';
import type { Token } from './token-answer.ts';

/** A token that is kept. */
export interface KeptToken extends Token {
  readonly scope: Scope;
  /** Who gave it. */
  readonly realm: string;
  readonly service: string | undefined;
  /** For whom; undefined for everybody. */
  readonly credentials: Credentials | undefined;
  /** Counts upwards: of two tokens, the one that was got later has the higher. */
  readonly serial: number;
}

/** The tokens for one origin. In memory alone. */
export interface TokenCache {
  /** The serial of the last token. */
  readonly last: number;
  /**
   * A token that allows all of the scope and is still good.
   * @param after only one with a higher serial
   */
  find(scope: Scope, after?: number): KeptToken | undefined;
  add(token: Omit<KeptToken, 'serial'>): KeptToken;
  drop(token: KeptToken): void;
}

/** A process may go through more repositories than it has use for tokens. */
const MOST = 1000;

/** Makes an empty cache. @param now the time in milliseconds, of a clock that does not jump */
export function createTokenCache(now: () => number): TokenCache {
  let tokens: readonly KeptToken[] = [];
  let last = 0;
  const good = (token: KeptToken): boolean => token.goodUntil > now();
  return {
    get last() {
      return last;
    },
    find: (scope, after = 0) =>
      tokens.find((token) => token.serial > after && good(token) && containsScope(token.scope, scope)),
    add(token) {
      const added = { ...token, serial: ++last };
      tokens = [added, ...tokens.filter(good)].slice(0, MOST);
      return added;
    },
    drop(token) {
      tokens = tokens.filter((other) => other !== token);
    },
  };
}
