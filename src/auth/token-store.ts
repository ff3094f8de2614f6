/** Which tokens are meant: those that one account has at one registry. */
export interface TokenStoreKey {
  /** Scheme, host and port of the registry. */
  readonly origin: string;
  /** What `CredentialSource.fingerprint` says: no account is given the tokens of another. */
  readonly account: string;
}

/** A token as it is kept. */
export interface StoredToken {
  /** The token server that gave it, as the registry names it. */
  readonly realm: string;
  readonly service?: string;
  /** What it is for: `repository:a:pull repository:b:pull`. */
  readonly scope: string;
  readonly token: string;
  /** Until when it is used, in milliseconds since 1970: by our clock, counted from when it was asked for. */
  readonly goodUntil: number;
}

/** What is kept of a registry. */
export interface StoredAccess {
  /** What the registry said where tokens are to be had, so that nobody needs a 401 to know. */
  readonly realm: string;
  readonly service?: string;
  readonly tokens: readonly StoredToken[];
}

/**
 * Keeps tokens from one process to the next, as `tokenFiles` does in a folder. They are secrets while they live. No
 * password gets here, nor a refresh token. What a store loses costs a request for a token; where it fails, it is as if
 * it had kept nothing.
 */
export interface TokenStore {
  find(key: TokenStoreKey): Promise<StoredAccess | undefined>;
  /** Adds a token; its server is the registry's from now on. */
  keep(key: TokenStoreKey, token: StoredToken): Promise<void>;
  /** Removes one that was refused. */
  drop(key: TokenStoreKey, token: string): Promise<void>;
  /**
   * Removes all that is kept of a registry, whatever the account: somebody logs in there, or out.
   * @param host as credential files name it: `docker.io`, `localhost:5000`
   */
  forget(host: string): Promise<void>;
}

/** Settings of a store on disk. */
export interface TokenFilesOptions {
  /** The time in milliseconds since 1970; the system's own unless told. */
  readonly now?: () => number;
}
