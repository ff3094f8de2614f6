import type { Digest } from '../../oci/index.ts';
import type { Holdings, View } from './holdings.ts';

/**
 * The blobs that an archive is to have, in order: those that its entries lead to. Where anything among them may lead
 * further than we can read, all that there are: an index of more than `DOCUMENT_LIMIT` bytes, a manifest that is malformed
 * or of a type that we do not know, indexes that stand in one another deeper than we follow. What was deleted is not there.
 */
export async function keptBlobs(holdings: Holdings, view: View): Promise<readonly Digest[]> {
  const kept = (await reachedBlobs(holdings, view)) ?? view.digests();
  return [...kept].sort();
}

/** Undefined if there may be more of them. */
async function reachedBlobs(
  { manifests }: Holdings,
  { known, find }: View,
): Promise<ReadonlySet<Digest> | undefined> {
  const { manifests: reached, limit } = await known();
  if (limit !== undefined) return undefined;
  const blobs = new Set<Digest>();
  for (const descriptor of reached.values()) {
    if (find(descriptor.digest) === undefined) {
      // Of a sparse index, some images are not there, and lead nowhere; but for those whose bytes stand in the index.
      if (descriptor.data !== undefined) return undefined;
      continue;
    }
    blobs.add(descriptor.digest);
    const facts = await manifests.read(descriptor, find);
    if (facts === undefined || facts.mayLeadFurther) return undefined;
    // A subject that is there, and that nothing lists, is not known as a manifest.
    const subject = facts.referrer?.subject;
    if (subject !== undefined && find(subject) !== undefined && !reached.has(subject)) return undefined;
    // Layers that may not be distributed are not there.
    for (const { digest } of facts.blobs) if (find(digest) !== undefined) blobs.add(digest);
  }
  return blobs;
}
