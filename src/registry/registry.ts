import type { Descriptor, Digest, DigestAlgorithm } from '../oci/index.ts';
import type { ByteRange, Content } from './content.ts';
import type { Source } from './source.ts';

/** Options of every operation. */
export interface Options {
  /** Ends the operation, and the life of what it returned: content, uploads, lists. */
  readonly signal?: AbortSignal;
}

export interface GetBlobOptions extends Options {
  /** A part of the blob. What lies past its end is left away; a start past the end is `RANGE_INVALID`. */
  readonly range?: ByteRange;
}

export interface PushBlobOptions extends Options {
  /**
   * A repository of the same registry that may have the blob: if it has, nothing is sent and the source is not
   * opened. Naming the target repository itself asks whether the blob is there already, at no cost.
   */
  readonly mountFrom?: string;
}

export interface StartUploadOptions extends Options {
  /** What the digest will be of; servers that hash while they receive want to know. */
  readonly algorithm?: DigestAlgorithm;
  /** Goes on with an earlier upload, by its `id`, instead of starting one. */
  readonly resume?: string;
  /** Where the upload that is resumed stands, in bytes, if that is known: a registry far away need not be asked then. */
  readonly offset?: number;
}

/** What a chunk is, as far as it is known before it is sent. */
export interface ChunkOptions extends Options {
  /** Where the chunk begins; `RANGE_INVALID` if the upload does not stand there. Unless told, where it stands. */
  readonly offset?: number;
  /** Its length in bytes, where it is known: else it is sent as a stream of unknown length. */
  readonly size?: number;
}

/**
 * A blob on its way in, piece by piece. Left alone, or suspended, it can be gone on with later, also by another
 * process, through `startUpload({ resume: id })`; a registry drops it after a while.
 */
export interface Upload {
  /** Names the upload in its registry and repository. May change with each chunk. */
  readonly id: string;
  /** How many bytes the registry holds. */
  readonly offset: number;
  /** The least size of a chunk that is not the last, in bytes, if the registry has one. */
  readonly minimumChunk: number;
  /**
   * Appends a chunk, all of it unless it breaks off: what came of it before that may be kept, so that it need not be
   * sent again, and `startUpload({ resume })` tells how much that is.
   * @throws {RegistryError} `RANGE_INVALID`, `SIZE_INVALID`, and nothing of it was kept; `UNAVAILABLE`, and what the
   *   chunk itself failed with. The upload can be gone on with.
   */
  write(chunk: Source, options?: ChunkOptions): Promise<void>;
  /**
   * Makes a blob of it, with a last chunk if one is given.
   * @throws {RegistryError} `DIGEST_INVALID` when the bytes are not those; the upload is gone then.
   */
  commit(digest: Digest, last?: { readonly chunk: Source } & ChunkOptions): Promise<Descriptor>;
  /**
   * Stops, once a chunk that is under way has ended, without giving it up. This object is of no more use then: `write`
   * and `commit` fail with `BLOB_UPLOAD_INVALID`.
   * @returns the id with which another process goes on.
   */
  suspend(): Promise<string>;
  /** Gives it up. What is committed stays. */
  cancel(): Promise<void>;
}

export interface PushManifestOptions extends Options {
  readonly mediaType: string;
  /** All of them come to point at this manifest. With none it is there by its digest alone. */
  readonly tags?: readonly string[];
  /** The name under which to push it: fixes the algorithm, and is checked against the bytes. Unless told, its sha256. */
  readonly digest?: Digest;
}

export interface PushedManifest {
  readonly descriptor: Descriptor;
  /** The tags that now point at it. */
  readonly tags: readonly string[];
  /** The subject that the registry now lists it as a referrer of. */
  readonly subject?: Digest;
}

export interface ListOptions extends Options {
  /** Begin after this name, which need not exist. */
  readonly after?: string;
  /** How many the caller wants at the most: the size of the pages that are asked for. No promise that fewer come. */
  readonly pageSize?: number;
  /**
   * Is asked before another page is, where the registry has pages: with `false` the list ends there. For whoever counts
   * requests; who only wants no more names leaves the loop.
   */
  readonly goOn?: () => boolean;
}

export interface ReferrersOptions extends Options {
  /** Only those of this type. */
  readonly artifactType?: string;
}

/**
 * Container images, wherever they are: thirteen operations, the same for all.
 *
 * A `reference` is a digest if it has a colon, else a tag. Malformed names are refused with `NAME_INVALID`,
 * `TAG_INVALID` or `DIGEST_INVALID` before anything is asked. Reads of what is not there fail with
 * `NAME_UNKNOWN`, `MANIFEST_UNKNOWN` or `BLOB_UNKNOWN`: use `isNotFound`.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export interface Registry {
  /** A blob's bytes. */
  getBlob(repository: string, digest: Digest, options?: GetBlobOptions): Promise<Content>;
  /** A manifest's bytes, as they were pushed. */
  getManifest(repository: string, reference: string, options?: Options): Promise<Content>;
  /** Whether a blob is there: its digest and size, as `application/octet-stream`. */
  resolveBlob(repository: string, digest: Digest, options?: Options): Promise<Descriptor>;
  /** Whether a manifest is there: its media type, digest and size. */
  resolveManifest(repository: string, reference: string, options?: Options): Promise<Descriptor>;
  /**
   * Stores a blob.
   * @param descriptor digest and size in bytes are used, and checked against the source
   * @throws {RegistryError} `DIGEST_INVALID` or `SIZE_INVALID` when the source is not what the descriptor says.
   */
  pushBlob(
    repository: string,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    source: Source,
    options?: PushBlobOptions,
  ): Promise<Descriptor>;
  /** Begins an upload in pieces, or goes on with one. @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN` when there is none to resume. */
  startUpload(repository: string, options?: StartUploadOptions): Promise<Upload>;
  /**
   * Makes a blob of another repository of the same registry be here as well, without sending it.
   * @param from the repository that has it; unless told, any that the caller may read
   * @returns whether it is here now; where not, because the registry does not do it or has no such blob, push it.
   */
  mountBlob(repository: string, digest: Digest, from?: string, options?: Options): Promise<boolean>;
  /**
   * Stores a manifest, and points tags at it.
   * @throws {RegistryError} `MANIFEST_INVALID`; `MANIFEST_BLOB_UNKNOWN` when what it refers to is not there,
   *   with the missing digests as `detail`; `DIGEST_INVALID` when the bytes do not have the digest given.
   */
  pushManifest(repository: string, bytes: Uint8Array, options: PushManifestOptions): Promise<PushedManifest>;
  /** Removes a blob from the repository. */
  deleteBlob(repository: string, digest: Digest, options?: Options): Promise<void>;
  /** By tag removes the tag alone; by digest the manifest and every tag that points at it. */
  deleteManifest(repository: string, reference: string, options?: Options): Promise<void>;
  /** The names of all repositories, in order. */
  repositories(options?: ListOptions): AsyncIterable<string>;
  /** A repository's tags, in order. */
  tags(repository: string, options?: ListOptions): AsyncIterable<string>;
  /** The manifests that have this one as their subject. None for a manifest, or a repository, that is not there. */
  referrers(repository: string, digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
}
