import type { Digest } from '../../oci/index.ts';
import { checkDigest, checkReference, notFound, type Registry } from '../../registry/index.ts';
import { bareEntry, without, withoutNamed, type ImageName } from '../../layout-index/index.ts';
import { keepUnnamed } from './enter.ts';
import { checkIsOurs } from './find.ts';
import type { Draft, Holdings } from './holdings.ts';
import type { Manifests } from './manifests.ts';

/** What is deleted is gone for whoever asks, and from the archive when it is written. */
export function deleteOperations(holdings: Holdings): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  const { current, change, manifests } = holdings;
  return {
    async deleteBlob(name, digest, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      checkIsOurs(holdings, name);
      await current(signal);
      await change(async (draft) => {
        if (draft.find(digest) === undefined || (await draft.known()).manifests.has(digest))
          throw notFound('BLOB_UNKNOWN', name, digest);
        draft.hidden.add(digest);
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
            : await removeManifest(draft, manifests, named.digest);
        if (!found) throw notFound('MANIFEST_UNKNOWN', name, reference);
      }, signal);
    },
  };
}

/** Takes a name away, and leaves the manifest. */
export async function removeName(draft: Draft, name: ImageName, place: string): Promise<boolean> {
  const before = draft.entries;
  draft.entries = withoutNamed(before, name, place);
  await keepUnnamed(draft, before);
  return draft.entries !== before;
}

/** Takes a manifest away with all that names it; manifests that were there through it alone stay. */
async function removeManifest(draft: Draft, manifests: Manifests, digest: Digest): Promise<boolean> {
  const descriptor = (await draft.known()).manifests.get(digest);
  if (descriptor === undefined) return false;
  const isThere = draft.find(digest) !== undefined;
  const children = (await manifests.read(descriptor, draft.find))?.children ?? [];
  const before = draft.entries;
  draft.entries = without(before, (entry) => entry.digest === digest);
  // An entry whose manifest is missing can be deleted; a child that is missing, of an index that stays, cannot.
  if (!isThere && draft.entries === before) return false;
  draft.hidden.add(digest);
  const { manifests: left } = await draft.known();
  const orphans = children.filter(
    (child) => !left.has(child.digest) && draft.find(child.digest) !== undefined,
  );
  const once = new Map(orphans.map((orphan) => [orphan.digest, bareEntry(orphan)]));
  draft.entries = [...draft.entries, ...once.values()];
  return true;
}
