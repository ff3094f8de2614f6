import type { CredentialSource, TokenFetcher } from '../../auth/index.ts';
import type { Attachable } from '../session/attachable.ts';

export interface CredentialServiceOptions {
  /**
   * Asks token servers in the builder's place, so that passwords for registries that have such a server stay in this
   * process, and the builder gets tokens alone: `tokenFetcher` of `stowage/auth`. Unless told, builders are given the
   * passwords. Where there is none, and for whom nothing is known, builders ask for tokens themselves.
   */
  readonly fetchToken?: TokenFetcher;
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
