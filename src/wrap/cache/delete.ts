import { isDigest, isRepository, isTag } from '../../oci/index.ts';
import { RegistryError, type Next, type Operation } from '../../registry/index.ts';
import type { Shared } from './shared.ts';
import { reasonOf } from './visit.ts';

type DeleteBlob = Extract<Operation, { name: 'deleteBlob' }>;
type DeleteManifest = Extract<Operation, { name: 'deleteManifest' }>;

/** Deletes, which take back what was learnt. */
export interface Deletes {
  deleteBlob(operation: DeleteBlob, next: Next): Promise<void>;
  deleteManifest(operation: DeleteManifest, next: Next): Promise<void>;
}

export function deletes(shared: Shared): Deletes {
  const { store, namespace } = shared;
  const perform = async (operation: DeleteBlob | DeleteManifest, next: Next): Promise<void> => {
    const { name, repository } = operation;
    const reference = operation.name === 'deleteBlob' ? operation.digest : operation.reference;
    const known = isRepository(repository) && (isDigest(reference) || isTag(reference));
    // Names that the registry will refuse are none to ask a store for.
    if (!known) return next(operation);
    const visit = shared.visit(name, repository, reference);
    const scope = { namespace, repository };
    const forget = async (): Promise<{ readonly error: unknown } | undefined> => {
      try {
        if (isDigest(reference)) await store.clearDescriptor(scope, reference);
        else await store.clearTag(scope, reference);
        return undefined;
      } catch (error) {
        visit.tell('error', error);
        return { error };
      }
    };
    // Once before, for those who read while it is deleted and after; and once behind, for what a read that was under
    // way has put back.
    await forget();
    let failure: Awaited<ReturnType<typeof forget>>;
    try {
      await shared.writing(() => next(operation));
    } finally {
      failure = await forget();
    }
    if (failure !== undefined) {
      throw new RegistryError(
        'UNAVAILABLE',
        `${reference} was deleted from ${repository}, but the cache could not be told (${reasonOf(failure.error)}) ` +
          'and may go on giving it; clear the cache once it can be reached',
        { repository, reference, cause: failure.error },
      );
    }
  };
  return { deleteBlob: perform, deleteManifest: perform };
}
