import type { Digest } from '../../../oci/index.ts';
import type { View } from './view.ts';

/**
 * The blobs that an archive is to have, in order: those that its entries lead to. Where anything among them may lead
 * further than we can read, all that there are: an index of more than `DOCUMENT_LIMIT` bytes, a manifest that is malformed
 * or of a type that we do not know, indexes that stand in one another deeper than we follow. What was deleted is not there.
 */
export async function keptBlobs(view: View): Promise<readonly Digest[]> {
  const kept = (await reachedBlobs(view)) ?? view.digests();
  return [...kept].sort();
}

/** The blobs that the entries lead to; undefined if there may be more of them. */
export async function reachedBlobs({
  known,
  find,
  read,
}: Pick<View, 'known' | 'find' | 'read'>): Promise<ReadonlySet<Digest> | undefined> {
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
    const facts = await read(descriptor);
    if (facts === undefined || facts.mayLeadFurther) return undefined;
    // A subject that is there, and that nothing lists, is not known as a manifest.
    const subject = facts.referrer?.subject;
    if (subject !== undefined && find(subject) !== undefined && !reached.has(subject)) return undefined;
    // Layers that may not be distributed are not there.
    for (const { digest } of facts.blobs) if (find(digest) !== undefined) blobs.add(digest);
  }
  return blobs;
}
