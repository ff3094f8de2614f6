import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { Secrets } from '../proto/secrets_pb.ts';
import { serviceError } from '../session/service-error.ts';
import { readSecret } from './read-secret.ts';
import type { Secret } from './secret.ts';

/** Registers the service; see `secretService`. */
export function secretRoutes(
  router: ConnectRouter,
  secrets: readonly Secret[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const byId = new Map(secrets.map((secret) => [secret.id, secret]));
  router.service(Secrets, {
    async getSecret({ id }) {
      const secret = byId.get(id);
      // With this code, a step that can do without goes on.
      if (secret === undefined) throw new ConnectError(`secret ${id}: not found`, Code.NotFound);
      try {
        return { data: await readSecret(secret, environment) };
      } catch (error) {
        throw serviceError(error);
      }
    },
  });
}
