import pLimit from 'p-limit';
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
import type { Options, Registry } from '../registry/index.ts';
import { bashbrewArchitecture } from './bashbrew.ts';
import { configPlatform, readManifest, type ReadManifest } from './document.ts';

/** The index that describes a reference, whatever stands there. */
export interface SynthesizedIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Annotations;
}

export interface SynthesizeOptions extends Options {
  /** How the place of an entry is written into its annotations; unless told, as a reference with its digest. */
  readonly nameOf?: (digest: Digest) => string;
}

/** Manifests and configs that are read at a time, to find missing platforms. */
const CONCURRENCY = 8;

/**
 * The index that describes a reference: an index or a Docker list as it is, but for what is repaired, or a lone
 * manifest wrapped in one. Platforms that are missing are read from the config and all are normalised;
 * attestations are paired with their image, and dropped where it is missing; duplicates are dropped; each entry says
 * where it is to be found, and for which of the Docker Official Images' architectures it is.
 *
 * @param reference without a tag and a digest it means `latest`; a digest goes before a tag
 * @throws {RegistryError} when it is not there (`isNotFound`), or `MANIFEST_INVALID`.
 * @see https://github.com/docker-library/meta-scripts/pull/27 where this form comes from
 */
export async function synthesizeIndex(
  registry: Registry,
  reference: Reference,
  options: SynthesizeOptions = {},
): Promise<SynthesizedIndex> {
  const { signal, nameOf = (digest) => formatReference({ ...reference, digest }) } = options;
  const { repository, tag = 'latest' } = reference;
  const found = await readManifest(
    registry,
    repository,
    reference.digest ?? tag,
    signal === undefined ? {} : { signal },
  );
  const entries = unique(entriesOf(found));
  const limit = pLimit(CONCURRENCY);
  const aborting = signal === undefined ? {} : { signal };
  const read = async (entry: Descriptor): Promise<ReadManifest> =>
    entry.digest === found.descriptor.digest
      ? found
      : readManifest(registry, repository, entry.digest, { ...aborting, expected: entry });
  const platforms = await Promise.all(
    entries.map((entry) => limit(() => platformOf(registry, repository, entry, () => read(entry), aborting))),
  );
  const architectures = new Map(entries.map(({ digest }, at) => [digest, architectureOf(platforms[at])]));
  return {
    schemaVersion: 2,
    mediaType: indexType(found),
    manifests: entries.flatMap((entry, at) => {
      const subject = attestedBy(entry);
      if (subject !== undefined && !architectures.has(subject)) return [];
      const architecture = architectures.get(subject ?? entry.digest);
      return [describe(entry, nameOf(entry.digest), platforms[at], architecture)];
    }),
    annotations: sorted({
      ...(found.manifest.kind === 'index' ? found.manifest.annotations : {}),
      [keys.refName]: nameOf(found.descriptor.digest),
    }),
  };
}

/** The image that an attestation of BuildKit's speaks of. */
export function attestedBy({ annotations }: Descriptor): Digest | undefined {
  if (annotations?.[keys.buildkitReferenceType] !== ATTESTATION_MANIFEST) return undefined;
  return annotations[keys.buildkitReferenceDigest] as Digest | undefined;
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
  const { platform, mediaType } = entry;
  // Go writes an empty platform where it has none.
  if (platform?.os && platform.architecture) return normalizeForIndex(platform);
  if (!isImageType(mediaType)) return undefined;
  const { manifest } = await read();
  const found = await configPlatform(registry, repository, manifest, options);
  return found === undefined ? undefined : normalizeForIndex(found);
}

function entriesOf({ descriptor, manifest }: ReadManifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.document.manifests : [descriptor];
}

// The first of several is the one that readers take.
function unique(entries: readonly Descriptor[]): readonly Descriptor[] {
  const seen = new Set<Digest>();
  return entries.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
}

/** An index keeps its type; where there is none to keep, it is the one that goes with the entries. */
function indexType({ manifest, descriptor }: ReadManifest): string {
  if (manifest.kind === 'index' && manifest.document.mediaType !== undefined)
    return manifest.document.mediaType;
  const first = manifest.kind === 'index' ? manifest.document.manifests[0]?.mediaType : descriptor.mediaType;
  return first === mediaTypes.dockerManifest ? mediaTypes.dockerList : mediaTypes.ociIndex;
}

function architectureOf(platform: Platform | undefined): string | undefined {
  return platform === undefined ? undefined : bashbrewArchitecture(platform);
}

/** An entry, its fields in the order in which Go writes them. Embedded data is left out: it may be large. */
function describe(
  entry: Descriptor,
  name: string,
  platform: Platform | undefined,
  architecture: string | undefined,
): Descriptor {
  const { mediaType, digest, size, urls, artifactType } = entry;
  // What others say about our architectures is not believed, as it costs nothing to say it afresh.
  const { [keys.bashbrewArch]: _, ...rest } = entry.annotations ?? {};
  const annotations = sorted({
    ...rest,
    ...(architecture !== undefined && { [keys.bashbrewArch]: architecture }),
    [keys.refName]: name,
  });
  return {
    mediaType,
    digest,
    size,
    ...(urls != null && { urls }),
    annotations,
    ...(platform !== undefined && { platform }),
    ...(artifactType != null && { artifactType }),
  };
}

function sorted(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}
