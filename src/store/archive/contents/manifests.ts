import { factsOf, isManifestLike, NO_FACTS, type Facts } from '../../../layout-index/index.ts';
import {
  childBlobs,
  childManifests,
  Invalid,
  isConfigType,
  parseManifest,
  type Descriptor,
  type Manifest,
} from '../../../oci/index.ts';
import { contentOf, DOCUMENT_LIMIT, isVerificationFailure } from '../../../registry/index.ts';
import type { FindBlob, StoredBlob } from './blob.ts';

/** What is remembered of a manifest of an archive. */
export interface StoredFacts extends Facts {
  /** What else it needs: config, layers, and what an index lists that is no manifest. */
  readonly blobs: readonly Descriptor[];
  /** Whether it, or one of these blobs, may lead to more than is said here: it is nothing that we understand. */
  readonly mayLeadFurther: boolean;
}

/** The manifests of one archive, each read once. */
export interface Manifests {
  /** What a manifest says. Nothing for one that is not there, or is not what its digest says. */
  read(descriptor: Descriptor, find: FindBlob): Promise<StoredFacts | undefined>;
}

const UNKNOWN: StoredFacts = { ...NO_FACTS, blobs: [], mayLeadFurther: true };

/** Begins with none. */
export function createManifests(): Manifests {
  const remembered = new Map<string, StoredFacts>();
  return {
    async read(descriptor, find) {
      const blob = find(descriptor.digest);
      if (blob === undefined) return undefined;
      // Who called it something else, or told another size, may not have been understood.
      const key = `${descriptor.mediaType} ${descriptor.size} ${descriptor.digest}`;
      const facts = remembered.get(key) ?? (await readFacts(descriptor, blob));
      if (facts !== undefined) remembered.set(key, facts);
      return facts;
    },
  };
}

async function readFacts(descriptor: Descriptor, blob: StoredBlob): Promise<StoredFacts | undefined> {
  if (descriptor.size > DOCUMENT_LIMIT) return UNKNOWN;
  if (blob.size !== descriptor.size) return undefined;
  try {
    const bytes = await contentOf(blob.read({}), { descriptor }).bytes();
    return storedFacts(parseManifest(bytes, descriptor.mediaType), descriptor);
  } catch (error) {
    // What a foreign tool called a manifest may be none. The bytes are those of the digest, so this is for good.
    if (error instanceof Invalid) return UNKNOWN;
    if (isVerificationFailure(error)) return undefined;
    throw error;
  }
}

function storedFacts(manifest: Manifest, descriptor: Descriptor): StoredFacts {
  const others = childManifests(manifest).filter(({ mediaType }) => !isManifestLike(mediaType));
  return {
    ...factsOf(manifest, descriptor),
    blobs: [...childBlobs(manifest), ...others],
    mayLeadFurther: manifest.kind === 'opaque' || !others.every(({ mediaType }) => leadsNowhere(mediaType)),
  };
}

/** BuildKit's caches are indexes of layers. Their config names no others. */
const LAYER_OR_CACHE =
  /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs|buildkit\.cacheconfig)\./;

function leadsNowhere(mediaType: string): boolean {
  return isConfigType(mediaType) || LAYER_OR_CACHE.test(mediaType);
}
