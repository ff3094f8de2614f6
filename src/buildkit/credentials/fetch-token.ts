/** What a builder wants a token for. */
export interface WantedToken {
  /** The registry's, as the builder reaches it: `registry-1.docker.io`. */
  readonly host: string;
  /** The URL of the token server, as the registry told the builder. */
  readonly realm: string;
  readonly service: string;
  /** `repository:library/alpine:pull` */
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
}

/** Gets a token. @returns it, and for how many seconds it is good from now on */
export type FetchToken = (
  wanted: WantedToken,
) => Promise<{ readonly token: string; readonly expiresIn: number }>;
