import { intercept, type Registry } from '../../registry/index.ts';
import { checkedStore } from './checked.ts';
import { deletes } from './delete.ts';
import { rememberingAbsence } from './negative.ts';
import type { CacheOptions } from './options.ts';
import { blobReads } from './read-blob.ts';
import { manifestReads } from './read-manifest.ts';
import { createShared } from './shared.ts';
import type { CacheStore } from './store.ts';
import { writes } from './write.ts';

/**
 * A registry whose contents are kept in a store: what has a digest is asked for once, and a tag that is read again costs
 * a HEAD. Lists are always asked for.
 *
 * - A repository is given only what it was seen to have: what another one has is asked for there (an answer from here
 *   would tell whoever may not see it that it exists). A delete takes that back, for all who share the store.
 * - All that is given out has been verified: when it was stored, and again when it leaves the store.
 * - Who asks for the same at the same time shares one request, also without a store.
 * - When the store fails, reads go on without it, and the event says so. Only a delete fails then, after the registry
 *   has done it.
 * - Answers that the registry refuses (401, 403, 429, 5xx) are passed on, never made up from what is here: a tag that
 *   cannot be asked for is not given.
 *
 * Whoever may use the cache may read what it has seen, without the registry being asked again.
 *
 * @param store is not closed by this
 *
 * @example
 * const hub = cached(registryClient('docker.io'), diskCache('/var/cache/images'), { namespace: 'docker.io' });
 */
export function cached(registry: Registry, store: CacheStore, options: CacheOptions = {}): Registry {
  const shared = createShared(checkedStore(store), options);
  const [blobs, manifests, writing, deleting] = [
    blobReads(shared),
    manifestReads(shared),
    writes(shared),
    deletes(shared),
  ];
  const reading = rememberingAbsence(shared, options.negativeLifetime ?? 0);
  return intercept(registry, (operation, next) => {
    switch (operation.name) {
      case 'getBlob':
        return reading(operation, () => blobs.getBlob(operation, next));
      case 'resolveBlob':
        return reading(operation, () => blobs.resolveBlob(operation, next));
      case 'getManifest':
        return reading(operation, () => manifests.getManifest(operation, next));
      case 'resolveManifest':
        return reading(operation, () => manifests.resolveManifest(operation, next));
      case 'pushBlob':
        return writing.pushBlob(operation, next);
      case 'pushManifest':
        return writing.pushManifest(operation, next);
      case 'mountBlob':
        return writing.mountBlob(operation, next);
      case 'startUpload':
        return writing.startUpload(operation, next);
      case 'deleteBlob':
        return deleting.deleteBlob(operation, next);
      case 'deleteManifest':
        return deleting.deleteManifest(operation, next);
      case 'repositories':
      case 'tags':
      case 'referrers':
        return next(operation);
    }
  });
}
