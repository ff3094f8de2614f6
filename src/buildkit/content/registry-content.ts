import { LRUCache } from 'lru-cache';
import { childBlobs, childManifests, Invalid, parseManifest, type Digest } from '../../oci/index.ts';
import {
  createSingleFlight,
  DOCUMENT_LIMIT,
  errorCode,
  isNotFound,
  type Options,
  type Registry,
} from '../../registry/index.ts';
import { blobReaders } from './blob-readers.ts';
import type { ContentStore } from './content-store.ts';

/** What is known of a digest without asking, from the descriptors that were seen. */
interface Known {
  /** A document is small, is read in many pieces, and more than once: it is kept. */
  readonly kind: 'manifest' | 'document' | 'blob';
  readonly size: number;
}

/** How many bytes of documents are kept for a session. */
const KEPT = 64 * 1024 * 1024;

/**
 * A repository of any registry as content by digest: nothing is asked before the builder does, and nothing twice.
 *
 * The builder does not say whether a digest names a manifest or a blob. What a manifest that was read refers to is
 * known; anything else is asked for as a manifest first, since a build begins with one.
 */
export function registryContent(registry: Registry, repository: string): ContentStore {
  const known = new Map<Digest, Known>();
  const documents = new LRUCache<Digest, Uint8Array>({
    maxSize: KEPT,
    sizeCalculation: ({ length }) => length + 1,
  });
  const flights = createSingleFlight<Uint8Array | undefined>();
  const readers = blobReaders(registry, repository);

  const note = (digest: Digest, fact: Known): void => {
    if (!known.has(digest)) known.set(digest, fact);
  };
  const fetchManifest = async (digest: Digest, signal: AbortSignal): Promise<Uint8Array> => {
    const content = await registry.getManifest(repository, digest, { signal });
    const bytes = await content.bytes();
    known.set(digest, { kind: 'manifest', size: bytes.length });
    try {
      const manifest = parseManifest(bytes, content.descriptor.mediaType);
      for (const { digest, size } of childManifests(manifest)) note(digest, { kind: 'manifest', size });
      for (const [at, { digest, size }] of childBlobs(manifest).entries())
        note(digest, { kind: at === 0 && size <= DOCUMENT_LIMIT ? 'document' : 'blob', size });
    } catch (error) {
      // Whether it can be built from is for the builder to say.
      if (!(error instanceof Invalid)) throw error;
    }
    return bytes;
  };
  /** The bytes of a document; undefined if the digest is that of a blob, which may be large. */
  const document = async (
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> => {
    const kept = documents.get(digest);
    const kind = known.get(digest)?.kind;
    if (kept !== undefined || kind === 'blob') return kept;
    return flights.join(
      digest,
      async (signal) => {
        try {
          const bytes =
            kind === 'document'
              ? await (await registry.getBlob(repository, digest, { signal })).bytes()
              : await fetchManifest(digest, signal);
          documents.set(digest, bytes);
          return bytes;
        } catch (error) {
          if (kind === undefined && isNoManifest(error)) return undefined;
          throw error;
        }
      },
      signal,
    );
  };
  const sizeOf = async (digest: Digest, options: Options): Promise<number> => {
    const fact = known.get(digest);
    // That a manifest is there is asked by reading it, which is what comes next.
    if (fact !== undefined && fact.kind !== 'manifest') return fact.size;
    const bytes = await document(digest, options.signal);
    if (bytes !== undefined) return bytes.length;
    const { size } = await registry.resolveBlob(repository, digest, options);
    note(digest, { kind: 'blob', size });
    return size;
  };

  return {
    info: async (digest, options = {}) => ({ digest, size: await sizeOf(digest, options) }),
    async *read(digest, { offset, size, signal }) {
      const bytes = await document(digest, signal);
      if (bytes !== undefined) return yield bytes.subarray(offset, offset + size);
      const whole = known.get(digest)?.size ?? (await sizeOf(digest, signal === undefined ? {} : { signal }));
      yield* readers.read({ digest, size: whole }, { offset, size, ...(signal !== undefined && { signal }) });
    },
    close() {
      documents.clear();
      known.clear();
      return readers.close();
    },
  };
}

/** It is a blob, or a document that the registry does not take for a manifest: the builder will see. */
function isNoManifest(error: unknown): boolean {
  return isNotFound(error) || errorCode(error) === 'MANIFEST_INVALID';
}
