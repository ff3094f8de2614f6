import pLimit, { type LimitFunction } from 'p-limit';
import {
  annotations as keys,
  ATTESTATION_MANIFEST,
  formatReference,
  isImageType,
  mediaTypes,
  normalizeForIndex,
  type Annotations,
  type Descriptor,
  type Digest,
  type Platform,
  type Reference,
} from '../oci/index.ts';
import { RegistryError, type Options, type Registry } from '../registry/index.ts';
import { isAbsent } from './absent.ts';
import { bashbrewArchitecture } from './bashbrew.ts';
import { configPlatform, readManifest, type ReadManifest } from './document.ts';
import { describeEntry, describeSubject, sortAnnotations } from './entry.ts';

/** The index that describes a reference, whatever stands there. */
export interface SynthesizedIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Annotations;
}

export interface SynthesizeOptions extends Options {
  /** How the place of an entry is written into its annotations; unless told, as a reference with its digest. */
  readonly nameOf?: (digest: Digest) => string;
  /** The same registry, asked for what has to be read beyond the first manifest: to find missing platforms. */
  readonly beyond?: Registry;
}

/** Manifests and configs that are read at a time, to find missing platforms. */
const CONCURRENCY = 8;

/**
 * The index that describes a reference: an index or a Docker list as it is, but for what is repaired, or a lone
 * manifest wrapped in one. Platforms that are missing are read from the config and all are normalised; attestations
 * are dropped where they speak of nothing that is there and known to the Docker Official Images; duplicates are
 * dropped; each entry says where it is to be found, and for which of their architectures it is.
 *
 * @param reference without a tag and a digest it means `latest`; a digest goes before a tag
 * @throws {RegistryError} what `isAbsent` knows when there is nothing; `MANIFEST_BLOB_UNKNOWN` when there is something,
 *   and a manifest or config that tells its platform is missing; `MANIFEST_INVALID`; `UNSUPPORTED` for what is neither
 *   an image nor an index.
 * @see https://github.com/docker-library/meta-scripts/blob/main/registry/synthesize-index.go where this form comes from
 */
export async function synthesizeIndex(
  registry: Registry,
  reference: Reference,
  options: SynthesizeOptions = {},
): Promise<SynthesizedIndex> {
  const { signal, nameOf = (digest) => formatReference({ ...reference, digest }) } = options;
  const { beyond = registry } = options;
  const { repository, tag = 'latest' } = reference;
  const aborting = signal === undefined ? {} : { signal };
  const found = await readManifest(registry, repository, reference.digest ?? tag, aborting);
  const entries = entriesOf(found, repository);
  // Most indexes say all there is to know.
  let limit: LimitFunction | undefined;
  const readPlatform = (entry: Descriptor): Promise<Platform | undefined> =>
    (limit ??= pLimit(CONCURRENCY))(async () => {
      const read = async (): Promise<ReadManifest> =>
        entry.digest === found.descriptor.digest
          ? found
          : readManifest(beyond, repository, entry.digest, { ...aborting, expected: entry });
      return platformOf(beyond, repository, entry, read, aborting).catch((error: unknown) => {
        throw isAbsent(error) ? incomplete(nameOf(found.descriptor.digest), entry, error) : error;
      });
    });
  const platforms = await Promise.all(
    entries.map(async (entry) => toldPlatform(entry) ?? readPlatform(entry)),
  );
  const architectures = architecturesOf(entries, platforms);
  const { artifactType, subject } = found.manifest.kind === 'index' ? found.manifest.document : {};
  return {
    schemaVersion: 2,
    mediaType: indexType(found),
    ...(artifactType && { artifactType }),
    manifests: entries.flatMap((entry, at) => {
      const architecture = architectures.get(entry.digest);
      if (isAttestation(entry) && architecture === undefined) return [];
      return [describeEntry(entry, { name: nameOf(entry.digest), platform: platforms[at], architecture })];
    }),
    ...(subject != null && { subject: describeSubject(subject) }),
    annotations: sortAnnotations({
      ...(found.manifest.kind === 'index' ? found.manifest.annotations : {}),
      [keys.refName]: nameOf(found.descriptor.digest),
    }),
  };
}

/** The image that an attestation of BuildKit's speaks of. */
export function attestedBy(entry: Descriptor): Digest | undefined {
  if (!isAttestation(entry)) return undefined;
  return entry.annotations?.[keys.buildkitReferenceDigest] as Digest | undefined;
}

/**
 * The platform of an index's entry: as it says, or as the image's config does where it says nothing.
 * @param read gives the entry's manifest; is called only where it is needed
 */
export async function platformOf(
  registry: Registry,
  repository: string,
  entry: Descriptor,
  read: () => Promise<ReadManifest>,
  options: Options,
): Promise<Platform | undefined> {
  const told = toldPlatform(entry);
  if (told !== undefined || !isImageType(entry.mediaType)) return told;
  const { manifest } = await read();
  const found = await configPlatform(registry, repository, manifest, options);
  return found === undefined ? undefined : normalizeForIndex(found);
}

/** Go writes an empty platform where it has none. */
function toldPlatform({ platform }: Descriptor): Platform | undefined {
  return platform?.os && platform.architecture ? normalizeForIndex(platform) : undefined;
}

/** Each once: the first of several is the one that readers take. Attestations of what is elsewhere are left out. */
function entriesOf({ descriptor, manifest }: ReadManifest, repository: string): readonly Descriptor[] {
  if (manifest.kind === 'image') return [descriptor];
  if (manifest.kind === 'opaque') {
    throw new RegistryError(
      'UNSUPPORTED',
      `${repository}@${descriptor.digest} is a ${descriptor.mediaType}, neither an image nor an index`,
      { repository, reference: descriptor.digest },
    );
  }
  const { manifests } = manifest.document;
  const there = new Set(manifests.map(({ digest }) => digest));
  const seen = new Set<Digest>();
  return manifests.filter((entry) => {
    const subject = attestedBy(entry);
    if (isAttestation(entry) && (subject === undefined || !there.has(subject))) return false;
    return !seen.has(entry.digest) && seen.add(entry.digest);
  });
}

/** Whether an index's entry is what BuildKit says of another one. */
export function isAttestation({ annotations }: Descriptor): boolean {
  return annotations?.[keys.buildkitReferenceType] === ATTESTATION_MANIFEST;
}

/** The architecture of each entry that is for one: an attestation's is that of what it speaks of, wherever that stands. */
function architecturesOf(
  entries: readonly Descriptor[],
  platforms: readonly (Platform | undefined)[],
): ReadonlyMap<Digest, string> {
  const architectures = new Map<Digest, string>();
  const note = ({ digest }: Descriptor, architecture: string | undefined): void => {
    if (architecture !== undefined) architectures.set(digest, architecture);
  };
  for (const [at, entry] of entries.entries()) {
    const platform = platforms[at];
    if (!isAttestation(entry) && platform !== undefined) note(entry, bashbrewArchitecture(platform));
  }
  for (const entry of entries) {
    const subject = attestedBy(entry);
    if (subject !== undefined) note(entry, architectures.get(subject));
  }
  return architectures;
}

/** An index keeps its type; where there is none to keep, it is the one that goes with the entries. */
function indexType({ manifest, descriptor }: ReadManifest): string {
  if (manifest.kind === 'index' && manifest.document.mediaType !== undefined)
    return manifest.document.mediaType;
  const first = manifest.kind === 'index' ? manifest.document.manifests[0]?.mediaType : descriptor.mediaType;
  return first === mediaTypes.dockerManifest ? mediaTypes.dockerList : mediaTypes.ociIndex;
}

/** That a part is missing must not be taken for that there is nothing at all. */
function incomplete(name: string, { digest }: Descriptor, cause: unknown): RegistryError {
  return new RegistryError(
    'MANIFEST_BLOB_UNKNOWN',
    `${name} is incomplete, the platform of ${digest} cannot be read: ${(cause as Error).message}`,
    { reference: digest, detail: [digest], cause },
  );
}
