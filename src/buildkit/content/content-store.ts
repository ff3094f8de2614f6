import type { Digest } from '../../oci/index.ts';
import type { Options } from '../../registry/index.ts';

/** What a content store tells of a blob or a manifest; it makes no difference between the two. */
export interface ContentInfo {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A part of what a digest names. */
export interface ContentPart extends Options {
  /** Where it begins, in bytes; no further than the end. */
  readonly offset: number;
  /** How many bytes it has; it ends no later than the whole. */
  readonly size: number;
}

/** How far a write has come. */
export interface IngestStatus {
  /** What the writer calls it: `layer-sha256:…`. */
  readonly ref: string;
  /** How many bytes there are, and how many are to come in all; 0 if that was not said. */
  readonly offset: number;
  readonly total: number;
  readonly expected?: Digest;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

/** One piece of content on its way in. */
export interface Ingest {
  /** How far it is. Costs nothing. */
  status(): IngestStatus;
  /** Appends bytes. */
  write(bytes: Uint8Array, options?: Options): Promise<void>;
  /** Drops what was written, to begin anew at 0. */
  truncate(options?: Options): Promise<void>;
  /**
   * Makes it content. To commit what is there already is no error.
   * @param size what it should have, in bytes; 0 if that was not said
   * @param expected what its digest should be, if that was said
   * @returns its digest
   * @throws {RegistryError} `SIZE_INVALID`, `DIGEST_INVALID`.
   */
  commit(size: number, expected: Digest | undefined, options?: Options): Promise<Digest>;
  /** Lets go of it; what was not committed may be kept, to be gone on with by its `ref`. Never fails. */
  close(): Promise<void>;
}

/** The side of a content store that takes what was built. */
export interface ContentWrites {
  /**
   * Begins a write, or goes on with one.
   * @throws {RegistryError} `UNAVAILABLE` while another writes by that `ref`: the builder asks again then.
   */
  open(
    ref: string,
    about: { readonly total: number; readonly expected?: Digest },
    options?: Options,
  ): Promise<Ingest>;
  /** Gives up a write. @returns whether there was one. */
  abort(ref: string, options?: Options): Promise<boolean>;
  /** The writes that are under way. */
  statuses(): readonly IngestStatus[];
}

/** Content by its digest, as the builder asks for it over a session. */
export interface ContentStore {
  /** @throws {RegistryError} one that `isNotFound`. */
  info(digest: Digest, options?: Options): Promise<ContentInfo>;
  /**
   * Reads lazily: leaving the loop stops it.
   * @throws {RegistryError} one that `isNotFound`.
   */
  read(digest: Digest, part: ContentPart): AsyncIterable<Uint8Array>;
  /** What is here, if the store can tell. */
  list?(options?: Options): AsyncIterable<ContentInfo>;
  /** If it can be written to. */
  readonly writes?: ContentWrites;
  /** Lets go of what was kept for reads to come: the session has ended. Never fails. */
  close?(): Promise<void>;
}
