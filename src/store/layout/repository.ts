import { join } from 'node:path';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { resolveImage, type Known } from '../../layout-index/index.ts';
import { checkReference, notFound } from '../../registry/index.ts';
import { statBlob } from './blob-file.ts';
import { createChanges, type Changes } from './changes.ts';
import { createDocuments, type Documents } from './documents.ts';
import type { Disk } from './durable.ts';
import { layoutInvalid } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { createKnowing } from './known.ts';
import type { Pool } from './pool.ts';
import { createReferrers, type Referrers } from './referrers.ts';
import { createShelf, type StagingRepository } from './shelf.ts';
import { createIndexReader, type IndexReader, type LayoutPlace } from './snapshot.ts';
import { removeOlder } from './temporary.ts';

/** One repository: its layout on the disk, and what is remembered of it. */
export interface Repository extends LayoutPlace {
  readonly disk: Disk;
  readonly index: IndexReader;
  readonly changes: Changes;
  readonly shelf: StagingRepository;
  readonly documents: Documents;
  readonly referrers: Referrers;
  /** Where unfinished uploads lie. */
  readonly uploads: string;
  /** What is reached from the entries as they are. @throws {RegistryError} `NAME_UNKNOWN`, `LAYOUT_INVALID`. */
  known(): Promise<Known>;
  /** Makes the layout if it is not there. */
  create(signal?: AbortSignal): Promise<void>;
  /** Removes what was left behind: before the first write, and now and then before another. */
  prepare(): Promise<void>;
}

/** How often at the most what was left behind is looked for, in milliseconds. */
const SWEEP_INTERVAL = 60 * 60_000;

/** What all repositories of a registry share. */
export interface Shared {
  readonly disk: Disk;
  readonly pool: Pool | undefined;
  /** In milliseconds. */
  readonly uploadExpiry: number;
}

export function createRepository(place: LayoutPlace, { disk, pool, uploadExpiry }: Shared): Repository {
  const index = createIndexReader(place);
  const documents = createDocuments(place.path);
  const knowing = createKnowing(documents);
  const changes = createChanges({ place, index, knowing, documents, disk });
  const uploads = join(place.path, PRIVATE, 'uploads');
  let prepared: Promise<void> | undefined;
  let preparedAt = 0;
  return {
    ...place,
    disk,
    index,
    changes,
    documents,
    uploads,
    shelf: createShelf(place.path, disk, pool),
    referrers: createReferrers(documents, knowing),
    known: async () => knowing((await index.current()).entries),
    async create(signal) {
      if (!(await index.isThere())) await changes.make(async () => {}, signal);
    },
    prepare() {
      const now = Date.now();
      if (prepared !== undefined && now - preparedAt < Math.min(uploadExpiry, SWEEP_INTERVAL))
        return prepared;
      preparedAt = now;
      const sweep = (async () => {
        await removeOlder(uploads, uploadExpiry);
        await removeOlder(join(place.path, PRIVATE, 'tmp'), uploadExpiry);
      })();
      prepared = sweep;
      sweep.catch(() => (prepared = undefined));
      return sweep;
    },
  };
}

/** A manifest that is there, and the file that it is in. */
export interface FoundManifest {
  readonly descriptor: Descriptor;
  readonly path: string;
}

/**
 * The manifest that a tag or digest names.
 * @throws {RegistryError} `MANIFEST_UNKNOWN`; `NAME_UNKNOWN`; `REFERENCE_AMBIGUOUS`; `LAYOUT_INVALID`.
 */
export async function findManifest(repository: Repository, reference: string): Promise<FoundManifest> {
  const named = checkReference(reference);
  const entry =
    'tag' in named ? await findTag(repository, named.tag) : await findDigest(repository, named.digest);
  if (entry === undefined) throw notFound('MANIFEST_UNKNOWN', repository.repository, reference);
  const { mediaType, digest, size } = entry;
  const file = await statBlob(repository.path, digest);
  if (file === undefined) throw notFound('MANIFEST_UNKNOWN', repository.repository, reference);
  return { descriptor: { mediaType, digest, size }, path: file.path };
}

async function findTag({ index, repository }: Repository, tag: string): Promise<Descriptor | undefined> {
  const resolved = resolveImage((await index.current()).names, { tag }, { place: repository });
  return 'entry' in resolved ? resolved.entry : undefined;
}

/** A manifest, by what `index.json`, or an index that it leads to, says of it. Its file may be missing. */
export async function findDigest(repository: Repository, digest: Digest): Promise<Descriptor | undefined> {
  // No index has to be read for what stands in index.json itself.
  const [entry] = (await repository.index.current()).names.digest(digest);
  if (entry !== undefined) return entry;
  const { manifests, limit } = await repository.known();
  const found = manifests.get(digest);
  if (found !== undefined || limit === undefined) return found;
  throw layoutInvalid(repository.repository, 'index.json', limit);
}

/** Whether a digest is that of a manifest which is there. */
export async function hasManifest(repository: Repository, known: Known, digest: Digest): Promise<boolean> {
  return known.manifests.has(digest) && (await statBlob(repository.path, digest)) !== undefined;
}
