import { removeManifest, removeName } from '../../layout-index/index.ts';
import { checkDigest, checkReference, notFound, type Registry } from '../../registry/index.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings.ts';

/** What is deleted is gone for whoever asks, and from the archive when it is written. */
export function deleteOperations(holdings: Holdings): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  const { current, change } = holdings;
  return {
    async deleteBlob(name, digest, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      checkIsOurs(holdings, name);
      await current(signal);
      await change(async (draft) => {
        if (!(await draft.has(digest)) || (await draft.known()).manifests.has(digest))
          throw notFound('BLOB_UNKNOWN', name, digest);
        draft.gone.add(digest);
      }, signal);
    },
    async deleteManifest(name, reference, { signal } = {}) {
      signal?.throwIfAborted();
      const named = checkReference(reference);
      checkIsOurs(holdings, name);
      await current(signal);
      await change(async (draft) => {
        const found =
          'tag' in named
            ? await removeName(draft, { tag: named.tag }, name)
            : await removeManifest(draft, named.digest);
        if (!found) throw notFound('MANIFEST_UNKNOWN', name, reference);
      }, signal);
    },
  };
}
