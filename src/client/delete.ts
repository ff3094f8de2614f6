import { repositoryScope } from '../auth/index.ts';
import { isDigest, type Digest } from '../oci/index.ts';
import {
  checkDigest,
  checkReference,
  checkRepository,
  type Registry,
  type RegistryError,
} from '../registry/index.ts';
import type { ReferrersApi } from './referrers.ts';
import type { Call, Session } from './session.ts';

export function deleteOperations(
  session: Session,
  referrersApi: ReferrersApi,
): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  const remove = async (call: Call): Promise<void> => {
    const wasDone = ({ status }: RegistryError): boolean => status === 404;
    await (await session.call({ ...call, wasDone }, 202, 200, 204)).discard();
  };
  return {
    async deleteBlob(repository, digest, { signal } = {}) {
      checkRepository(repository);
      checkDigest(digest);
      await remove({
        method: 'DELETE',
        route: { kind: 'blob', repository, digest },
        scope: repositoryScope(repository, 'delete'),
        signal,
      });
    },
    async deleteManifest(repository, reference, { signal } = {}) {
      checkRepository(repository);
      checkReference(reference);
      // Where referrers are kept under a tag, the entry there has to go as well; elsewhere the registry sees to it.
      const digest: Digest | undefined = isDigest(reference) ? reference : undefined;
      const forget =
        digest === undefined ? undefined : await referrersApi.beforeDelete(repository, digest, signal);
      await remove({
        method: 'DELETE',
        route: { kind: 'manifest', repository, reference },
        scope: repositoryScope(repository, 'delete'),
        signal,
      });
      await forget?.();
    },
  };
}
