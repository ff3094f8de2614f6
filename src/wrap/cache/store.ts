import type { Descriptor, Digest } from '../../oci/index.ts';

/** Where something was seen. */
export interface CacheScope {
  /** Tells registries, and accounts, apart. May be empty. */
  readonly namespace: string;
  readonly repository: string;
}

/** What a digest was seen to be: one may be both, and whoever asks for a manifest must not be given what was pushed as a blob. */
export type CachedKind = 'blobs' | 'manifests';

/** What a tag pointed at, and when. */
export interface CachedTag {
  readonly digest: Digest;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/**
 * Where a cache keeps what it knows. Stores are slow to fail and quick to forget: whatever is kept may be gone the next
 * time, and clearing what is not there is no error.
 *
 * A descriptor is more than its three fields: that it is there says that its repository has that digest, and only such
 * a repository is given the bytes. Bytes are kept once for each namespace.
 *
 * All methods fail with `NAME_INVALID`, `TAG_INVALID` or `DIGEST_INVALID` for malformed names, with `BLOB_CORRUPT` when
 * what was kept cannot be understood (it is gone then), and otherwise with whatever the store fails with.
 */
export interface CacheStore {
  /**
   * A word that changes whenever something of the repository is cleared, by whatever process. What was learnt under
   * one epoch is not stored under the next: a read that began before a delete does not bring back what was deleted.
   */
  epoch(scope: CacheScope): Promise<string>;

  /** What is known of a digest in a repository: its media type, digest and size. */
  descriptor(scope: CacheScope, kind: CachedKind, digest: Digest): Promise<Descriptor | undefined>;
  /**
   * Notes that a repository has a digest.
   * @param digest by which it was asked for; where the descriptor has another algorithm's, it is known by both
   * @param epoch that was current before the registry was asked
   */
  setDescriptor(
    scope: CacheScope,
    kind: CachedKind,
    digest: Digest,
    descriptor: Descriptor,
    epoch: string,
  ): Promise<void>;
  /** Takes a repository's right to a digest back, as a blob and as a manifest. Other repositories keep theirs. */
  clearDescriptor(scope: CacheScope, digest: Digest): Promise<void>;

  tag(scope: CacheScope, tag: string): Promise<CachedTag | undefined>;
  setTag(scope: CacheScope, tag: string, value: CachedTag, epoch: string): Promise<void>;
  clearTag(scope: CacheScope, tag: string): Promise<void>;

  /**
   * Bytes, which whoever asks has to verify.
   * @param size in bytes, as the descriptor has it; hardly more is read
   */
  content(namespace: string, digest: Digest, size: number): Promise<Uint8Array | undefined>;
  setContent(namespace: string, digest: Digest, bytes: Uint8Array): Promise<void>;
  clearContent(namespace: string, digest: Digest): Promise<void>;

  /** Lets go of what it holds open. What is kept elsewhere stays. */
  close(): Promise<void>;
}
