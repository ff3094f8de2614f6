import type { Descriptor, Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  clampRange,
  contentOfBytes,
  notFound,
  type Registry,
} from '../../registry/index.ts';
import { findManifest, type TagLists } from './shelf.ts';

type Read = Pick<Registry, 'getBlob' | 'getManifest' | 'resolveBlob' | 'resolveManifest'>;

/** Contents are the very bytes that are kept. */
export function readOperations(shelves: TagLists): Read {
  const findBlob = (repository: string, digest: Digest): { bytes: Uint8Array; descriptor: Descriptor } => {
    checkDigest(digest);
    const bytes = shelves.existing(repository).blobs.get(digest);
    if (bytes === undefined) throw notFound('BLOB_UNKNOWN', repository, digest);
    return { bytes, descriptor: blobDescriptor(digest, bytes.length) };
  };
  return {
    async getBlob(repository, digest, { range, signal } = {}) {
      signal?.throwIfAborted();
      const { bytes, descriptor } = findBlob(repository, digest);
      return contentOfBytes(bytes, {
        descriptor,
        ...(range !== undefined && { range: clampRange(range, bytes.length) }),
      });
    },
    async getManifest(repository, reference, { signal } = {}) {
      signal?.throwIfAborted();
      const { bytes, descriptor } = findManifest(shelves, repository, reference);
      return contentOfBytes(bytes, { descriptor });
    },
    async resolveBlob(repository, digest, { signal } = {}) {
      signal?.throwIfAborted();
      return findBlob(repository, digest).descriptor;
    },
    async resolveManifest(repository, reference, { signal } = {}) {
      signal?.throwIfAborted();
      return findManifest(shelves, repository, reference).descriptor;
    },
  };
}
