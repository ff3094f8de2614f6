import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isDigest, isMediaType, type Descriptor } from '../../../oci/index.ts';
import { checkedStore } from '../checked.ts';
import type { CachedKind, CachedTag, CacheScope, CacheStore } from '../store.ts';
import { createConnection } from './connection.ts';
import { createKeys } from './keys.ts';

export interface RedisCacheOptions {
  /** `redis://[user:password@]host:port/database`; `rediss://` with TLS. `redis://127.0.0.1:6379` unless told. */
  readonly url?: string;
  /** A connection of ioredis to use instead. It is not closed with the store. */
  readonly client?: Redis;
  /** Stands before all keys. Nothing, unless told: then a registry of distribution finds what it keeps itself. */
  readonly prefix?: string;
  /** How long content is kept after it was stored, in milliseconds; until Redis makes room, unless told. */
  readonly contentLifetime?: number;
  /** How long to wait for a connection, and for each answer, in milliseconds: 500 unless told. */
  readonly timeout?: number;
}

/** For how long after something was cleared reads may last that began before, in seconds. */
const EPOCH_KEPT = 60 * 60;

/**
 * A store in Redis, which machines share; it needs the package `ioredis`. Blobs are noted in the layout of distribution's
 * own cache: in the namespace '' each reads what the other wrote.
 *
 * Redis makes room by itself if it is told to, and must be: `maxmemory 1gb` and `maxmemory-policy allkeys-lru`.
 *
 * When Redis cannot be reached, the first who asks waits for `timeout`, and the others not at all; it is tried again in
 * the background.
 */
export function redisCache(options: RedisCacheOptions = {}): CacheStore {
  const { prefix = '', contentLifetime, timeout = 500 } = options;
  const keys = createKeys(prefix);
  const redis = createConnection({ ...options, timeout });

  return checkedStore({
    epoch: async (scope) => (await redis.one((client) => client.get(keys.epoch(scope)))) ?? '',
    async descriptor(scope, kind, digest) {
      const [member, own, common] = await redis.all((chain) => {
        const read = chain
          .sismember(keys.members(scope, kind), digest)
          .hmget(keys.member(scope, kind, digest), 'digest', 'size', 'mediatype');
        return isShared(scope, kind) ? read.hmget(keys.blob(digest), 'digest', 'size', 'mediatype') : read;
      });
      return member === 1 ? describe(own as Fields, common as Fields | undefined) : undefined;
    },
    async setDescriptor(scope, kind, digest, descriptor, epoch) {
      const { mediaType, size } = descriptor;
      const [members, member] = [keys.members(scope, kind), keys.member(scope, kind, digest)];
      const fields = { digest: descriptor.digest, size };
      const results = await redis.all((chain) => {
        const write = chain.sadd(members, digest).hset(member, { ...fields, mediatype: mediaType });
        const noted = isShared(scope, kind)
          ? write.hset(keys.blob(digest), fields).hsetnx(keys.blob(digest), 'mediatype', mediaType)
          : write;
        return noted.get(keys.epoch(scope));
      });
      // Looked at with the write, as clearing changes the epoch with the removal: whichever comes first, it is gone.
      if ((results.at(-1) ?? '') !== epoch)
        await redis.all((chain) => chain.srem(members, digest).del(member));
    },
    async clearDescriptor(scope, digest) {
      // What all repositories have in common stays, as others may need it; without being a member nobody is given it.
      // In one transaction, for CVE-2026-35172: a digest must not stay a member when it is cleared.
      await redis.all((chain) =>
        chain
          .set(keys.epoch(scope), randomUUID(), 'EX', EPOCH_KEPT)
          .srem(keys.members(scope, 'blobs'), digest)
          .del(keys.member(scope, 'blobs', digest))
          .srem(keys.members(scope, 'manifests'), digest)
          .del(keys.member(scope, 'manifests', digest)),
      );
    },
    async tag(scope, tag) {
      const [digest, at] = await redis.one((client) => client.hmget(keys.tag(scope, tag), 'digest', 'at'));
      return tagOf(digest, at);
    },
    async setTag(scope, tag, { digest, at }, epoch) {
      const key = keys.tag(scope, tag);
      const results = await redis.all((chain) => chain.hset(key, { digest, at }).get(keys.epoch(scope)));
      if ((results.at(-1) ?? '') !== epoch) await redis.one((client) => client.del(key));
    },
    async clearTag(scope, tag) {
      await redis.all((chain) =>
        chain.set(keys.epoch(scope), randomUUID(), 'EX', EPOCH_KEPT).del(keys.tag(scope, tag)),
      );
    },
    async content(namespace, digest, size) {
      // One byte more than there should be, to see that there are more.
      const bytes = await redis.one((client) =>
        client.getrangeBuffer(keys.content(namespace, digest), 0, size),
      );
      // What is not there is no bytes as well.
      return bytes.length === 0 && size > 0 ? undefined : bytes;
    },
    async setContent(namespace, digest, bytes) {
      const [key, value] = [
        keys.content(namespace, digest),
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      ];
      await redis.one((client) =>
        contentLifetime === undefined
          ? client.set(key, value)
          : client.set(key, value, 'PX', contentLifetime),
      );
    },
    async clearContent(namespace, digest) {
      await redis.one((client) => client.del(keys.content(namespace, digest)));
    },
    close: () => redis.close(),
  });
}

/** What repositories have in common is that of one registry: what another says of a digest must not count there. */
function isShared({ namespace }: CacheScope, kind: CachedKind): boolean {
  return kind === 'blobs' && namespace === '';
}

type Fields = readonly (string | null)[];

/**
 * What stands in the keys. Where the repository's own key lacks something, what is common counts, as distribution
 * writes only the media type for a repository. An entry with something missing, as those of before 2.0 are (`length`
 * instead of `size`), is none.
 */
function describe(own: Fields, common: Fields = []): Descriptor | undefined {
  const [digest, size, mediaType] = [0, 1, 2].map((at) => own[at] ?? common[at] ?? '');
  if (digest === undefined || !isDigest(digest)) return undefined;
  if (size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
  if (mediaType === undefined || !isMediaType(mediaType)) return undefined;
  return { mediaType, digest, size: Number(size) };
}

function tagOf(digest: string | null | undefined, at: string | null | undefined): CachedTag | undefined {
  if (digest == null || at == null || !isDigest(digest) || !/^\d{1,15}$/.test(at)) return undefined;
  return { digest, at: Number(at) };
}
