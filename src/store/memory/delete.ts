import { checkDigest, checkReference, notFound, type Registry } from '../../registry/index.ts';
import { findManifest, type TagLists } from './shelf.ts';

/** What is deleted is gone from one repository; others that have it keep it. */
export function deleteOperations(shelves: TagLists): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  return {
    async deleteBlob(repository, digest, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      if (!shelves.existing(repository).blobs.delete(digest))
        throw notFound('BLOB_UNKNOWN', repository, digest);
    },
    async deleteManifest(repository, reference, { signal } = {}) {
      signal?.throwIfAborted();
      const named = checkReference(reference);
      const shelf = shelves.existing(repository);
      if ('tag' in named) {
        if (!shelf.tags.delete(named.tag)) throw notFound('MANIFEST_UNKNOWN', repository, reference);
        return;
      }
      const { subject } = findManifest(shelves, repository, named.digest);
      shelf.manifests.delete(named.digest);
      for (const [tag, digest] of shelf.tags) if (digest === named.digest) shelf.tags.delete(tag);
      if (subject !== undefined) shelf.referrers.get(subject)?.delete(named.digest);
    },
  };
}
