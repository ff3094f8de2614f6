import {
  childBlobs,
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
import type { StoredBlob, FindBlob } from './blob.ts';

/** How deep indexes may stand in one another, and how many manifests an archive may have. */
const DEPTH_LIMIT = 8;
const NODE_LIMIT = 100_000;

/** What is remembered of a manifest; that of a digest never changes. */
export interface Facts {
  /** The manifests that it lists, if it is an index. */
  readonly children: readonly Descriptor[];
  /** What else it needs: config, layers, and what an index lists that is no manifest. */
  readonly blobs: readonly Descriptor[];
  /** If it is a referrer: of what, and how it is listed. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
}

/** The manifests of an archive: those that its index names, and those that indexes among them name, and so on. */
export interface Known {
  /** With the descriptor by which each is known: the outermost. */
  readonly manifests: ReadonlyMap<Digest, Descriptor>;
  /** Why there may be more of them, when a limit was met. */
  readonly limit?: string;
  /** Whether all indexes were there. */
  readonly complete: boolean;
}

/** The manifests of one archive, each read once. */
export interface Manifests {
  /** What a manifest says. Nothing for one that is not there, or is not what its digest says. */
  read(descriptor: Descriptor, find: FindBlob): Promise<Facts | undefined>;
  /**
   * Follows indexes, breadth first. Each digest is visited once, so that nothing that goes round in a circle keeps it busy.
   * @param find what is there
   */
  reach(entries: readonly Descriptor[], find: FindBlob): Promise<Known>;
}

const NONE: Facts = { children: [], blobs: [] };

export function createManifests(): Manifests {
  const remembered = new Map<Digest, Facts>();
  const read = async (descriptor: Descriptor, find: FindBlob): Promise<Facts | undefined> => {
    const blob = find(descriptor.digest);
    if (blob === undefined) return undefined;
    const facts = remembered.get(descriptor.digest) ?? (await readFacts(descriptor, blob));
    if (facts !== undefined) remembered.set(descriptor.digest, facts);
    return facts;
  };
  return {
    read,
    async reach(entries, find) {
      const manifests = new Map<Digest, Descriptor>();
      let limit: string | undefined;
      let complete = true;
      let level = entries;
      for (let depth = 0; level.length > 0; depth++) {
        const next: Descriptor[] = [];
        for (const descriptor of level) {
          if (manifests.has(descriptor.digest)) continue;
          if (manifests.size >= NODE_LIMIT)
            return { manifests, limit: `it has more than ${NODE_LIMIT} manifests`, complete };
          manifests.set(descriptor.digest, descriptor);
          if (!isIndexType(descriptor.mediaType)) continue;
          if (depth === DEPTH_LIMIT) {
            limit = `indexes stand in one another more than ${DEPTH_LIMIT} deep`;
            continue;
          }
          const facts = await read(descriptor, find);
          if (facts === undefined) complete = false;
          else next.push(...facts.children);
        }
        level = next;
      }
      return { manifests, complete, ...(limit !== undefined && { limit }) };
    },
  };
}

async function readFacts(descriptor: Descriptor, blob: StoredBlob): Promise<Facts | undefined> {
  if (descriptor.size > DOCUMENT_LIMIT) return NONE;
  if (blob.size !== descriptor.size) return undefined;
  try {
    const bytes = await contentOf(blob.read({}), { descriptor }).bytes();
    return factsOf(parseManifest(bytes, descriptor.mediaType), descriptor);
  } catch (error) {
    // What a foreign tool called a manifest may be none. The bytes are those of the digest, so this is for good.
    if (error instanceof Invalid) return NONE;
    if (isVerificationFailure(error)) return undefined;
    throw error;
  }
}

function factsOf(manifest: Manifest, descriptor: Descriptor): Facts {
  const listed = childManifests(manifest);
  const subject = manifest.subject?.digest;
  return {
    children: listed.filter(({ mediaType }) => isManifestLike(mediaType)),
    blobs: [...childBlobs(manifest), ...listed.filter(({ mediaType }) => !isManifestLike(mediaType))],
    ...(subject !== undefined && {
      referrer: { subject, descriptor: referrerDescriptor(manifest, descriptor) },
    }),
  };
}

/** Whether an entry of an index can be a manifest at all. It may be of a type that we do not know. */
function isManifestLike(mediaType: string): boolean {
  return isImageType(mediaType) || isIndexType(mediaType) || /^application\/.*\+json$/.test(mediaType);
}
