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

/** What one repository holds. */
export interface StagingRepository {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  /** By subject. */
  readonly referrers: Map<Digest, Map<Digest, Descriptor>>;
}

/** All repositories. */
export interface TagLists {
  /** @throws {RegistryError} `NAME_INVALID`. */
  find(repository: string): StagingRepository | undefined;
  /** @throws {RegistryError} `NAME_INVALID`, `NAME_UNKNOWN`. */
  existing(repository: string): StagingRepository;
  /** Makes it where there is none. @throws {RegistryError} `NAME_INVALID`. */
  writable(repository: string): StagingRepository;
  names(): readonly string[];
  all(): Iterable<StagingRepository>;
}

/** Begins with no repository. */
export function createTagLists(): TagLists {
  const shelves = new Map<string, StagingRepository>();
  const find = (repository: string): StagingRepository | undefined => {
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
export function findManifest(shelves: TagLists, repository: string, reference: string): StoredManifest {
  const named = checkReference(reference);
  const shelf = shelves.existing(repository);
  const digest = 'digest' in named ? named.digest : shelf.tags.get(named.tag);
  const manifest = digest === undefined ? undefined : shelf.manifests.get(digest);
  if (manifest === undefined) throw notFound('MANIFEST_UNKNOWN', repository, reference);
  return manifest;
}
