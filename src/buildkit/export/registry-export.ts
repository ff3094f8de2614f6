import { childManifests, Invalid, parseManifest, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  fromInvalid,
  isNotFound,
  notFound,
  RegistryError,
  type Options,
  type Registry,
} from '../../registry/index.ts';
import type { ContentStore, Ingest } from '../content/content-store.ts';
import { blobIngest } from './blob-ingest.ts';
import { bufferedIngest } from './buffered-ingest.ts';

/** Takes what a builder exports straight into a repository. */
export interface RegistryExport {
  /** To be offered to the builder as the store `export`. */
  readonly store: ContentStore;
  /**
   * Pushes the manifests, once the build is done: those that an index lists before it, each as the builder wrote it.
   * @param descriptor of the image, or the index, as the builder told it
   * @throws {RegistryError} `MANIFEST_UNKNOWN`, if the builder did not write it; what the registry says.
   */
  finish(descriptor: Descriptor, options?: Options & { readonly tags?: readonly string[] }): Promise<void>;
}

/** How many bytes of manifests are kept until the end. */
const KEPT = 64 * 1024 * 1024;

/**
 * Makes a store to export to. What the builder writes goes on to the registry while it comes, and what the registry has
 * the builder need not send; nothing is kept on a disk. Only manifests wait, in memory, until all else is there.
 * @param registry not one behind a cache, which may remember what is gone: there is nothing to send it from in the end
 * @see https://github.com/moby/buildkit/blob/master/README.md#docker-tarball, `tar=false`
 */
export function registryExport(registry: Registry, repository: string): RegistryExport {
  const manifests = new Map<Digest, Uint8Array>();
  /** What is known to be there, or not to be: the builder is told, and nobody asks twice. */
  const there = new Map<Digest, number | undefined>();
  const open = new Map<string, Ingest>();
  let kept = 0;

  const keepManifest = async (digest: Digest, bytes: Uint8Array): Promise<void> => {
    kept += bytes.length;
    if (kept > KEPT)
      throw new RegistryError('SIZE_INVALID', `the manifests of this build have more than ${KEPT} bytes`);
    manifests.set(digest, bytes);
    there.set(digest, bytes.length);
  };
  const begin = (ref: string, about: { readonly total: number; readonly expected?: Digest }): Ingest => {
    if (!/^(?:manifest|index)-/.test(ref))
      return blobIngest(ref, about, {
        registry,
        repository,
        pushed: (digest, size) => there.set(digest, size),
      });
    // It is for the end, even if the registry has it: then it may have lost what it refers to.
    if (about.expected !== undefined && !manifests.has(about.expected)) there.set(about.expected, undefined);
    return bufferedIngest(ref, about, keepManifest);
  };

  const store: ContentStore = {
    async info(digest, { signal } = {}) {
      if (!there.has(digest)) {
        const found = await registry
          .resolveBlob(repository, digest, { ...(signal !== undefined && { signal }) })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
        there.set(digest, found?.size);
      }
      const size = there.get(digest);
      if (size === undefined) throw notFound('BLOB_UNKNOWN', repository, digest);
      return { digest, size };
    },
    async *read(digest, { offset, size, signal }) {
      const bytes = manifests.get(digest)?.subarray(offset, offset + size);
      if (bytes !== undefined) return yield bytes;
      yield* await registry.getBlob(repository, digest, {
        range: { start: offset, end: offset + size },
        ...(signal !== undefined && { signal }),
      });
    },
    writes: {
      async open(ref, about) {
        if (open.has(ref)) throw new RegistryError('UNAVAILABLE', `${ref} is being written already`);
        const ingest = begin(ref, about);
        open.set(ref, ingest);
        const close = async (): Promise<void> => {
          if (open.get(ref) === ingest) open.delete(ref);
          await ingest.close();
        };
        return { ...ingest, close };
      },
      async abort(ref) {
        const ingest = open.get(ref);
        open.delete(ref);
        await ingest?.close();
        return ingest !== undefined;
      },
      statuses: () => [...open.values()].map((ingest) => ingest.status()),
    },
  };

  const push = async (
    { digest, mediaType }: Descriptor,
    options: Options & { readonly tags?: readonly string[] },
    pushed: Set<Digest>,
  ): Promise<void> => {
    if (pushed.has(digest) && options.tags === undefined) return;
    pushed.add(digest);
    const bytes = manifests.get(digest);
    if (bytes === undefined) throw notFound('MANIFEST_UNKNOWN', repository, digest);
    const { tags, ...common } = options;
    for (const child of childrenOf(bytes, mediaType, digest)) await push(child, common, pushed);
    await registry.pushManifest(repository, bytes, {
      mediaType,
      digest,
      ...(tags !== undefined && { tags }),
      ...common,
    });
  };
  return {
    store,
    async finish(descriptor, options = {}) {
      await push(descriptor, options, new Set());
    },
  };
}

function childrenOf(bytes: Uint8Array, mediaType: string, digest: Digest): readonly Descriptor[] {
  try {
    return childManifests(parseManifest(bytes, mediaType));
  } catch (error) {
    throw error instanceof Invalid ? fromInvalid(error, 'MANIFEST_INVALID', { reference: digest }) : error;
  }
}
