import {
  childManifests,
  isImageType,
  isIndexType,
  referrerDescriptor,
  type Descriptor,
  type Digest,
  type Manifest,
} from '../oci/index.ts';

/** What has to be remembered of a manifest; that of a digest never changes. */
export interface Facts {
  /** The manifests that it lists, if it is an index. */
  readonly children: readonly Descriptor[];
  /** If it is a referrer: of what, and how it is listed. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}

/** Reads what a manifest says. Nothing for one that is not there, or is not what its digest says: that may be mended. */
export type ReadFacts = (descriptor: Descriptor) => Facts | undefined | Promise<Facts | undefined>;

/** Of what lists nothing, and refers to nothing; or cannot be understood. */
export const NO_FACTS: Facts = { children: [] };

/** What a manifest says. @param descriptor what it is known by */
export function factsOf(manifest: Manifest, descriptor: Descriptor): Facts {
  const children = childManifests(manifest).filter(({ mediaType }) => isManifestLike(mediaType));
  const subject = manifest.subject?.digest;
  if (subject === undefined) return children.length === 0 ? NO_FACTS : { children };
  return { children, referrer: { subject, descriptor: referrerDescriptor(manifest, descriptor) } };
}

/** Whether an entry of an index can be a manifest at all. It may be of a type that we do not know. */
export function isManifestLike(mediaType: string): boolean {
  return isImageType(mediaType) || isIndexType(mediaType) || /^application\/.*\+json$/.test(mediaType);
}
