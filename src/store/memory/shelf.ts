import type { Descriptor, Digest } from '../../oci/index.ts';
import { checkReference, checkRepository, notFound, repositoryNotFound } from '../../registry/index.ts';

/** A manifest as it was pushed, with what lists say of it. */
export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  readonly subject?: Digest;
  /** How it is listed as a referrer. */
  readonly referrer: Descriptor;
}

/** A blob that is still coming in. */
export interface StoredUpload {
  chunks: Uint8Array[];
  size: number;
  /** Ends when the one writer that there may be has ended. */
  writing?: Promise<void>;
}

/** What one repository holds. */
export interface Shelf {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly uploads: Map<string, StoredUpload>;
  /** By subject. */
  readonly referrers: Map<Digest, Map<Digest, Descriptor>>;
}

/** All repositories. */
export interface Shelves {
  /** @throws {RegistryError} `NAME_INVALID`. */
  find(repository: string): Shelf | undefined;
  /** @throws {RegistryError} `NAME_INVALID`, `NAME_UNKNOWN`. */
  existing(repository: string): Shelf;
  /** Makes it where there is none. @throws {RegistryError} `NAME_INVALID`. */
  writable(repository: string): Shelf;
  names(): readonly string[];
  all(): Iterable<Shelf>;
}

export function createShelves(): Shelves {
  const shelves = new Map<string, Shelf>();
  const find = (repository: string): Shelf | undefined => {
    checkRepository(repository);
    return shelves.get(repository);
  };
  return {
    find,
    existing(repository) {
      const shelf = find(repository);
      if (shelf === undefined) throw repositoryNotFound(repository);
      return shelf;
    },
    writable(repository) {
      let shelf = find(repository);
      if (shelf === undefined) {
        shelf = {
          blobs: new Map(),
          manifests: new Map(),
          tags: new Map(),
          uploads: new Map(),
          referrers: new Map(),
        };
        shelves.set(repository, shelf);
      }
      return shelf;
    },
    // A repository in which nothing but an unfinished upload stands is not one yet.
    names: () =>
      [...shelves].filter(([, shelf]) => shelf.blobs.size + shelf.manifests.size > 0).map(([name]) => name),
    all: () => shelves.values(),
  };
}

/** The manifest that a tag or digest names. @throws {RegistryError} `MANIFEST_UNKNOWN`, and for malformed names. */
export function findManifest(shelves: Shelves, repository: string, reference: string): StoredManifest {
  const named = checkReference(reference);
  const shelf = shelves.existing(repository);
  const digest = 'digest' in named ? named.digest : shelf.tags.get(named.tag);
  const manifest = digest === undefined ? undefined : shelf.manifests.get(digest);
  if (manifest === undefined) throw notFound('MANIFEST_UNKNOWN', repository, reference);
  return manifest;
}
