import type { Descriptor, Digest } from '../oci/index.ts';
import type { EntriesDraft } from './draft.ts';
import { keepUnnamed } from './enter.ts';
import { bareEntry, without } from './entries.ts';
import type { ImageName } from './image-names.ts';
import { withoutNamed } from './naming.ts';

/**
 * Takes a name away, and leaves the manifest.
 * @param place what errors call the place: a repository, or a file
 * @returns whether the name was there
 * @throws {RegistryError} `REFERENCE_AMBIGUOUS` for a tag that is only the end of several images' names.
 */
export async function removeName(draft: EntriesDraft, name: ImageName, place: string): Promise<boolean> {
  const before = draft.entries;
  draft.entries = withoutNamed(before, name, place);
  await keepUnnamed(draft, before);
  return draft.entries !== before;
}

/** Takes several names away. @returns how many of them were there */
export async function removeNames(
  draft: EntriesDraft,
  names: readonly ImageName[],
  place: string,
): Promise<number> {
  let count = 0;
  for (const name of names) if (await removeName(draft, name, place)) count++;
  return count;
}

/**
 * Takes a manifest away with all that names it; manifests that were there through it alone stay, with entries of their
 * own, as far as it can be read.
 * @returns whether it was there
 */
export async function removeManifest(draft: EntriesDraft, digest: Digest): Promise<boolean> {
  const descriptor = (await draft.known()).manifests.get(digest);
  if (descriptor === undefined) return false;
  const wasThere = await draft.has(digest);
  const children = (await draft.read(descriptor))?.children ?? [];
  const before = draft.entries;
  draft.entries = without(before, (entry) => entry.digest === digest);
  // An entry whose manifest is missing can be deleted; a child that is missing, of an index that stays, cannot.
  if (!wasThere && draft.entries === before) return false;
  draft.gone.add(digest);
  const { manifests: left } = await draft.known();
  const orphans = new Map<Digest, Descriptor>();
  for (const child of children)
    if (!left.has(child.digest) && (await draft.has(child.digest)))
      orphans.set(child.digest, bareEntry(child));
  if (orphans.size > 0) draft.entries = [...draft.entries, ...orphans.values()];
  return true;
}
