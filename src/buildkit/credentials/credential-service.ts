import type { CredentialSource } from '../../auth/index.ts';
import type { Attachable } from '../attachable.ts';

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

export interface CredentialServiceOptions {
  /**
   * Asks token servers in the builder's place, so that passwords for registries that have such a server stay in this
   * process, and the builder gets tokens alone. Unless told, builders are given the passwords.
   */
  readonly fetchToken?: FetchToken;
}

/**
 * Tells a builder who we are at registries that it pulls from and pushes to. It asks by the host that it talks to; all
 * names of Docker Hub are one. For whom nothing is known, it goes on as nobody.
 * @see https://github.com/moby/buildkit/blob/master/session/auth/auth.proto
 */
export function credentialService(
  credentials: CredentialSource,
  { fetchToken }: CredentialServiceOptions = {},
): Attachable {
  return async (router) => {
    const { credentialRoutes } = await import('./credential-routes.ts');
    credentialRoutes(router, credentials, fetchToken);
  };
}
