import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import type { Credentials, CredentialSource, TokenFetcher } from '../../auth/index.ts';
import { isRegistryError } from '../../registry/index.ts';
import { Auth } from '../proto/auth_pb.ts';
import { tokenAuthority } from './token-authority.ts';

/** Registers the service; see `credentialService`. */
export function credentialRoutes(
  router: ConnectRouter,
  credentials: CredentialSource,
  fetchToken: TokenFetcher | undefined,
): void {
  const authority = fetchToken && tokenAuthority();
  router.service(Auth, {
    async credentials({ host }) {
      const found = await told(() => credentials(host));
      // A token for the registry itself has no place in this answer; only who asks for a token gets it.
      if (found?.identityToken !== undefined) return { username: '', secret: found.identityToken };
      return { username: found?.username ?? '', secret: found?.password ?? '' };
    },
    ...(fetchToken !== undefined &&
      authority !== undefined && {
        async getTokenAuthority({ host, salt }) {
          const found = await told(() => credentials(host));
          // There is no secret to keep then, and the builder reaches the token server, as it does the registry.
          if (found === undefined || !hasSecret(found))
            throw new ConnectError(`nobody is known at ${host}`, Code.Unavailable);
          return { publicKey: authority.publicKey(host, salt) };
        },
        verifyTokenAuthority: ({ host, salt, payload }) => ({
          signed: authority.sign(host, salt, payload),
        }),
        async fetchToken({ host, realm, service, scopes }, { signal }) {
          const found = await told(() => credentials(host));
          if (found?.registryToken !== undefined)
            return { token: found.registryToken, expiresIn: BigInt(DEFAULT_LIFE) };
          const wanted = { host, realm, service, scopes, signal };
          const { token, expiresIn } = await told(() => fetchToken(wanted));
          return { token, expiresIn: BigInt(Math.max(1, Math.floor(expiresIn))) };
        },
      }),
  });
}

function hasSecret({ password, identityToken, registryToken }: Credentials): boolean {
  return (password ?? identityToken ?? registryToken) !== undefined;
}

/** In seconds: what tokens live that do not tell. */
const DEFAULT_LIFE = 60;

/** Errors of ours have no secrets in their messages; of others nobody knows. */
async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const message = isRegistryError(error) ? error.message : 'credentials cannot be had';
    throw new ConnectError(message, Code.PermissionDenied, undefined, undefined, error);
  }
}
