import {
  isMediaType,
  verifiableAlgorithm,
  algorithmOf,
  type Descriptor,
  type Digest,
} from '../../oci/index.ts';
import { checkDigest, checkRepository, checkTag, RegistryError } from '../../registry/index.ts';
import type { CacheScope, CacheStore } from './store.ts';

/** Checks what comes to a store from outside, once for all kinds of them. */
export function checkedStore(store: CacheStore): CacheStore {
  const check = ({ repository }: CacheScope, digest?: Digest, tag?: string): void => {
    checkRepository(repository);
    if (digest !== undefined) checkDigest(digest);
    if (tag !== undefined) checkTag(tag);
  };
  return {
    async epoch(scope) {
      check(scope);
      return store.epoch(scope);
    },
    async descriptor(scope, kind, digest) {
      check(scope, digest);
      return store.descriptor(scope, kind, digest);
    },
    async setDescriptor(scope, kind, digest, descriptor, epoch) {
      check(scope, digest);
      const checked = checkDescriptor(digest, descriptor);
      for (const name of new Set([digest, checked.digest]))
        await store.setDescriptor(scope, kind, name, checked, epoch);
    },
    async clearDescriptor(scope, digest) {
      check(scope, digest);
      return store.clearDescriptor(scope, digest);
    },
    async tag(scope, tag) {
      check(scope, undefined, tag);
      return store.tag(scope, tag);
    },
    async setTag(scope, tag, value, epoch) {
      check(scope, value.digest, tag);
      return store.setTag(scope, tag, value, epoch);
    },
    async clearTag(scope, tag) {
      check(scope, undefined, tag);
      return store.clearTag(scope, tag);
    },
    async content(namespace, digest, size) {
      return store.content(namespace, checkContent(digest), size);
    },
    async setContent(namespace, digest, bytes) {
      return store.setContent(namespace, checkContent(digest), bytes);
    },
    async clearContent(namespace, digest) {
      return store.clearContent(namespace, checkContent(digest));
    },
    close: () => store.close(),
  };
}

/** The three fields of a descriptor that are kept. */
function checkDescriptor(asked: Digest, { mediaType, digest, size }: Descriptor): Descriptor {
  checkDigest(digest);
  // The same bytes have a digest of each algorithm, but only one of any.
  if (digest !== asked && algorithmOf(digest) === algorithmOf(asked))
    throw new RegistryError('DIGEST_INVALID', `${digest} cannot be kept as ${asked}`, { reference: asked });
  if (!Number.isSafeInteger(size) || size < 0)
    throw new RegistryError('SIZE_INVALID', `${digest} cannot have ${size} bytes`, { reference: asked });
  if (!isMediaType(mediaType))
    throw new RegistryError('MEDIA_TYPE_CONFLICT', `${digest} is kept without a media type`, {
      reference: asked,
    });
  return { mediaType, digest, size };
}

function checkContent(digest: Digest): Digest {
  if (verifiableAlgorithm(checkDigest(digest)) !== undefined) return digest;
  throw new RegistryError('DIGEST_INVALID', `${digest} cannot be verified, so its bytes are not kept`, {
    reference: digest,
  });
}
