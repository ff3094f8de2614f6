import { referrerDescriptor, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  checkManifest,
  checkTag,
  collect,
  missingChildren,
  openable,
  verifyPushed,
  type Registry,
} from '../../registry/index.ts';
import type { MemoryOptions } from './options.ts';
import type { TagLists } from './shelf.ts';

type Write = Pick<Registry, 'pushBlob' | 'mountBlob' | 'pushManifest'>;

/** What is pushed is copied: whoever changes their bytes later changes nothing here. */
export function writeOperations(shelves: TagLists, { sparse = false }: MemoryOptions): Write {
  const mount = (repository: string, digest: Digest, from: string | undefined): boolean => {
    checkDigest(digest);
    const sources = from === undefined ? shelves.all() : [shelves.find(from)];
    for (const source of sources) {
      const bytes = source?.blobs.get(digest);
      if (bytes === undefined) continue;
      shelves.writable(repository).blobs.set(digest, bytes);
      return true;
    }
    return false;
  };
  return {
    async mountBlob(repository, digest, from, { signal } = {}) {
      signal?.throwIfAborted();
      return mount(repository, digest, from);
    },
    async pushBlob(repository, { digest, size }, source, { mountFrom, signal } = {}) {
      signal?.throwIfAborted();
      const descriptor = blobDescriptor(checkDigest(digest), size);
      if (mountFrom !== undefined && mount(repository, digest, mountFrom)) return descriptor;
      shelves.find(repository);
      const bytes = await collect(verifyPushed(openable(source).open(), descriptor, signal));
      shelves.writable(repository).blobs.set(digest, bytes.slice());
      return descriptor;
    },
    async pushManifest(repository, bytes, options) {
      options.signal?.throwIfAborted();
      const { tags = [] } = options;
      tags.forEach(checkTag);
      const { manifest, descriptor } = checkManifest(bytes, options);
      const found = shelves.find(repository);
      if (!sparse) {
        const missing = await missingChildren(manifest, {
          blob: async (digest) => found?.blobs.has(digest) ?? false,
          manifest: async (digest) => found?.manifests.has(digest) ?? false,
        });
        if (missing !== undefined) throw missing;
      }
      const shelf = shelves.writable(repository);
      const subject = manifest.subject?.digest;
      const referrer = referrerDescriptor(manifest, descriptor);
      shelf.manifests.set(descriptor.digest, {
        bytes: bytes.slice(),
        descriptor,
        referrer,
        ...(subject !== undefined && { subject }),
      });
      for (const tag of tags) shelf.tags.set(tag, descriptor.digest);
      if (subject !== undefined) {
        const referrers = shelf.referrers.get(subject) ?? new Map<Digest, Descriptor>();
        shelf.referrers.set(subject, referrers.set(descriptor.digest, referrer));
      }
      return { descriptor, tags: [...tags], ...(subject !== undefined && { subject }) };
    },
  };
}
