import { removeManifest, removeName } from '../../layout-index/index.ts';
import type { Digest } from '../../oci/index.ts';
import { checkDigest, checkReference, notFound, type Registry } from '../../registry/index.ts';
import { notWithoutLoss } from './failure.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';
import { reachedBlobs } from './holdings/kept.ts';
import type { ArchiveDraft } from './holdings/moment.ts';

/** What is deleted is gone for whoever asks, and from the archive when it is written. */
export function deleteOperations(holdings: Holdings): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  const { file, current, change } = holdings;
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
            : await removeReadable(draft, named.digest, file);
        if (!found) throw notFound('MANIFEST_UNKNOWN', name, reference);
      }, signal);
    },
  };
}

/**
 * Takes a manifest away. What it lists, as an index, stays with entries of its own; but of one that we cannot read we do
 * not know what it lists. As long as it is there, a commit keeps every blob for its sake.
 * @throws {RegistryError} `UNSUPPORTED` when it is the last of these, and blobs would go that it may lead to.
 */
async function removeReadable(draft: ArchiveDraft, digest: Digest, file: string): Promise<boolean> {
  const descriptor = (await draft.known()).manifests.get(digest);
  if (descriptor === undefined || !(await draft.has(digest))) return removeManifest(draft, digest);
  const facts = await draft.read(descriptor);
  const found = await removeManifest(draft, digest);
  if (facts?.mayLeadFurther === false) return found;
  const left = await reachedBlobs(draft);
  if (left === undefined) return found;
  // A blob that it is known to list is asked to go with it, as the layers of an image are.
  const known = new Set([digest, ...(facts?.blobs ?? []).map((blob) => blob.digest)]);
  const lost = draft.archived().filter((blob) => !left.has(blob) && !known.has(blob));
  if (lost.length > 0) throw notWithoutLoss(file, digest, lost);
  return found;
}
