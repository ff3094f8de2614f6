import {
  childManifests,
  Invalid,
  isImageType,
  isIndexType,
  parseManifest,
  referrerDescriptor,
  type Descriptor,
  type Digest,
  type Manifest,
} from '../../oci/index.ts';
import { contentOf, DOCUMENT_LIMIT, isVerificationFailure } from '../../registry/index.ts';
import { readFileBytes, statBlob } from './blob-file.ts';
import { isAbsent } from './failure.ts';

/** What has to be remembered of a manifest; that of a digest never changes. */
export interface Facts {
  /** The manifests that it lists, if it is an index. */
  readonly children: readonly Descriptor[];
  /** If it is a referrer: of what, and how it is listed. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}

/** The manifests of one layout, each read once. */
export interface Documents {
  /** What is known of a manifest already. */
  held(digest: Digest): Facts | undefined;
  /** What a manifest says. Nothing for one that is not there, or is not what its digest says: that may be mended. */
  read(descriptor: Descriptor): Promise<Facts | undefined>;
  /** Tells of a manifest that was just pushed. */
  note(manifest: Manifest, descriptor: Descriptor): void;
  /** Forgets a manifest whose file is gone. */
  forget(digest: Digest): void;
  /** Forgets the others, once there are many of them. */
  trim(digests: { readonly size: number; has(digest: Digest): boolean }): void;
}

const NONE: Facts = { children: [] };

/** @param layout the folder of the layout */
export function createDocuments(layout: string): Documents {
  const facts = new Map<Digest, Facts>();
  return {
    held: (digest) => facts.get(digest),
    async read(descriptor) {
      const held = facts.get(descriptor.digest);
      if (held !== undefined) return held;
      const found = await readFacts(layout, descriptor);
      if (found !== undefined) facts.set(descriptor.digest, found);
      return found;
    },
    note: (manifest, descriptor) => void facts.set(descriptor.digest, factsOf(manifest, descriptor)),
    forget: (digest) => void facts.delete(digest),
    trim(digests) {
      if (facts.size <= 2 * digests.size + 1000) return;
      for (const digest of facts.keys()) if (!digests.has(digest)) facts.delete(digest);
    },
  };
}

async function readFacts(layout: string, descriptor: Descriptor): Promise<Facts | undefined> {
  const { digest, size, mediaType } = descriptor;
  if (size > DOCUMENT_LIMIT) return NONE;
  try {
    const file = await statBlob(layout, digest);
    if (file === undefined || file.size !== size) return undefined;
    const bytes = await contentOf(readFileBytes(file.path), { descriptor }).bytes();
    return factsOf(parseManifest(bytes, mediaType), descriptor);
  } catch (error) {
    // What a foreign tool called a manifest may be none. The bytes are those of the digest, so this is for good.
    if (error instanceof Invalid) return NONE;
    if (isVerificationFailure(error) || isAbsent(error) || isNotRegular(error)) return undefined;
    throw error;
  }
}

function factsOf(manifest: Manifest, descriptor: Descriptor): Facts {
  const children = childManifests(manifest).filter(({ mediaType }) => isManifestLike(mediaType));
  const subject = manifest.subject?.digest;
  if (subject === undefined) return children.length === 0 ? NONE : { children };
  return { children, referrer: { subject, descriptor: referrerDescriptor(manifest, descriptor) } };
}

/** Whether an entry of an index can be a manifest at all. It may be of a type that we do not know. */
function isManifestLike(mediaType: string): boolean {
  return isImageType(mediaType) || isIndexType(mediaType) || /^application\/.*\+json$/.test(mediaType);
}

function isNotRegular(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'BLOB_NOT_REGULAR';
}
