import { factsOf, NO_FACTS, type Facts, type ReadFacts } from '../../layout-index/index.ts';
import { Invalid, parseManifest, type Descriptor, type Digest, type Manifest } from '../../oci/index.ts';
import { contentOf, DOCUMENT_LIMIT, isVerificationFailure } from '../../registry/index.ts';
import { readFileBytes, statBlob } from './blob-file.ts';
import { isAbsent } from './failure.ts';

/** The manifests of one layout, each read once. */
export interface Documents {
  /** What a manifest says, without a wait where that is known. */
  readonly read: ReadFacts;
  /** Tells of a manifest that was just pushed. */
  note(manifest: Manifest, descriptor: Descriptor): void;
  /** Forgets a manifest whose file is gone. */
  forget(digest: Digest): void;
  /** Forgets the others, once there are many of them. */
  trim(digests: { readonly size: number; has(digest: Digest): boolean }): void;
}

/** @param layout the folder of the layout */
export function createDocuments(layout: string): Documents {
  const facts = new Map<Digest, Facts>();
  const remember = async (descriptor: Descriptor): Promise<Facts | undefined> => {
    const found = await readFacts(layout, descriptor);
    if (found !== undefined) facts.set(descriptor.digest, found);
    return found;
  };
  return {
    read: (descriptor) => facts.get(descriptor.digest) ?? remember(descriptor),
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
  if (size > DOCUMENT_LIMIT) return NO_FACTS;
  try {
    const file = await statBlob(layout, digest);
    if (file === undefined || file.size !== size) return undefined;
    const bytes = await contentOf(readFileBytes(file.path), { descriptor }).bytes();
    return factsOf(parseManifest(bytes, mediaType), descriptor);
  } catch (error) {
    // What a foreign tool called a manifest may be none. The bytes are those of the digest, so this is for good.
    if (error instanceof Invalid) return NO_FACTS;
    if (isVerificationFailure(error) || isAbsent(error) || isNotRegular(error)) return undefined;
    throw error;
  }
}

function isNotRegular(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'BLOB_NOT_REGULAR';
}
