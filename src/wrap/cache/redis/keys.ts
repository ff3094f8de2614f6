import type { Digest } from '../../../oci/index.ts';
import type { CachedKind, CacheScope } from '../store.ts';

/** The names of the keys of a cache in Redis. */
export interface Keys {
  /** HASH: `digest`, `size`, `mediatype`. */
  blob(digest: Digest): string;
  /** SET: the digests that a repository has. Being in it is the right to them. */
  members(scope: CacheScope, kind: CachedKind): string;
  /** HASH: what the repository alone says of a digest: `mediatype`, and our `size`. */
  member(scope: CacheScope, kind: CachedKind, digest: Digest): string;
  /** HASH: `digest`, `at`. */
  tag(scope: CacheScope, tag: string): string;
  /** STRING. */
  epoch(scope: CacheScope): string;
  /** STRING: bytes. */
  content(namespace: string, digest: Digest): string;
}

/**
 * The layout of distribution's descriptor cache, for what it keeps too, and names in its manner for the rest. In the
 * namespace '' repositories have their own names, which are those that a registry of distribution uses; in others they
 * are `host//name`, which is the name of no repository: else `a/b` of the host `x` were `x/a/b` of the registry itself.
 * @see https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/cache/redis/redis.go
 */
export function createKeys(prefix: string): Keys {
  const repository = ({ namespace, repository: name }: CacheScope): string =>
    `${prefix}repository::${namespace === '' ? '' : `${namespace}//`}${name}`;
  return {
    blob: (digest) => `${prefix}blobs::${digest}`,
    members: (scope, kind) => `${repository(scope)}::${kind}`,
    member: (scope, kind, digest) => `${repository(scope)}::${kind}::${digest}`,
    tag: (scope, tag) => `${repository(scope)}::tags::${tag}`,
    epoch: (scope) => `${repository(scope)}::epoch`,
    content: (namespace, digest) => `${prefix}content::${namespace === '' ? '' : `${namespace}::`}${digest}`,
  };
}
