import type { ReadFacts } from '../../../../layout-index/index.ts';
import {
  annotations,
  encodedOf,
  algorithmOf,
  formatReference,
  Invalid,
  isConfigType,
  isImageType,
  isIndexType,
  matchesPlatform,
  parseDockerReference,
  parseManifest,
  type Descriptor,
  type Digest,
  type ImageManifest,
  type Platform,
} from '../../../../oci/index.ts';
import { contentOf, isVerificationFailure } from '../../../../registry/index.ts';
import type { FindBlob } from '../blob.ts';

interface Listed {
  readonly Config: string;
  readonly RepoTags: string[] | null;
  readonly Layers: readonly string[];
}

/** What the list is made with. */
export interface DockerListParts {
  readonly find: FindBlob;
  /** Reads what an index lists. */
  readonly read: ReadFacts;
  /**
   * Which image of several stands for all, if it is there; else it is the first. Docker takes that of the machine; here,
   * archives are to be the same wherever they are written.
   */
  readonly platform: Platform;
}

/**
 * Writes a `manifest.json` beside the index of a layout, as `docker save` does since it keeps images as layouts: for
 * readers that know no other list. Each image stands there once with all its names; of several platforms, one does.
 * @param entries in the order in which their images are to stand
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
 */
export async function formatDockerManifest(
  entries: readonly Descriptor[],
  parts: DockerListParts,
): Promise<Uint8Array> {
  const list = new Map<Digest, Listed>();
  for (const entry of entries) {
    const found = await findImage(entry, parts);
    if (found === undefined) continue;
    const { config, layers } = found;
    const listed = list.get(found.digest) ?? {
      Config: pathOf(config.digest),
      RepoTags: null,
      Layers: layers.map(({ digest }) => pathOf(digest)),
    };
    const name = nameOf(entry);
    const names = [...(listed.RepoTags ?? []), ...(name === undefined ? [] : [name])];
    list.set(found.digest, { ...listed, RepoTags: names.length === 0 ? null : names });
  }
  return Buffer.from(JSON.stringify([...list.values()]));
}

type Found = Pick<ImageManifest, 'config' | 'layers'> & { readonly digest: Digest };

/** The image of an entry that can be run, for that platform if there is a choice. Other things have no place in the list. */
async function findImage(entry: Descriptor, parts: DockerListParts): Promise<Found | undefined> {
  const { find, read, platform } = parts;
  if (isIndexType(entry.mediaType)) {
    const children = (await read(entry))?.children ?? [];
    const wanted = children.filter((child) => child.platform && matchesPlatform(platform, child.platform));
    for (const child of [...wanted, ...children]) {
      const found = isIndexType(child.mediaType) ? undefined : await findImage(child, parts);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const blob = isImageType(entry.mediaType) ? find(entry.digest) : undefined;
  if (blob === undefined || entry.annotations?.[annotations.buildkitReferenceType] !== undefined)
    return undefined;
  try {
    const bytes = await contentOf(blob.read({}), { descriptor: entry }).bytes();
    const manifest = parseManifest(bytes, entry.mediaType);
    if (manifest.kind !== 'image' || !isConfigType(manifest.document.config.mediaType)) return undefined;
    const { config, layers } = manifest.document;
    // A list that names what is not there is refused as a whole.
    if ([config, ...layers].some(({ digest }) => find(digest) === undefined)) return undefined;
    return { digest: entry.digest, config, layers };
  } catch (error) {
    if (error instanceof Invalid || isVerificationFailure(error)) return undefined;
    throw error;
  }
}

/**
 * The name of an entry, in full: podman takes what has no host for one of its own machine's. A tag alone is none, as it
 * does not say of which repository it is.
 */
function nameOf({ annotations: all }: Descriptor): string | undefined {
  for (const text of [all?.[annotations.imageName], all?.[annotations.refName]]) {
    if (text === undefined || !/[/:]/.test(text)) continue;
    try {
      const { digest, ...reference } = parseDockerReference(text);
      if (digest === undefined) return formatReference(reference);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
    }
  }
  return undefined;
}

function pathOf(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}
