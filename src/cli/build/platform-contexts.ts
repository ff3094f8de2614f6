import type { ImageSource, NamedContext } from '../../buildkit/index.ts';
import { isAttestation, synthesizeIndex } from '../../image/index.ts';
import { formatPlatform, Invalid, isImageType, parseManifest, type Descriptor } from '../../oci/index.ts';
import { errorCode, type Options } from '../../registry/index.ts';
import type { ReadImage } from './read-image.ts';

/** A name in a Dockerfile, and the image that it means. */
export interface ImageContext extends Omit<NamedContext, 'source'> {
  readonly image: ReadImage;
}

/**
 * The images of a context, each for its platform, where it is an index that does not say which is for which. Of such a one
 * the builder takes the first image for any platform, and fails if it is for another. Configs do say it.
 * @returns the context, and before it those for single platforms; of a context for one platform, its image
 * @throws {RegistryError} what the registry fails with.
 */
export async function platformContexts(
  { image, ...named }: ImageContext,
  options: Options,
): Promise<readonly NamedContext[]> {
  const { source } = image;
  const { name, platform: wanted } = named;
  const context = { ...named, source };
  if (!isSilent(image)) return [context];
  const children = await childrenOf(source, options);
  const contextOf = ({ platform, digest }: Child): NamedContext => ({
    name,
    platform,
    source: { ...source, digest },
  });
  if (wanted === undefined) return [...[...children.values()].map(contextOf), context];
  const child = children.get(formatPlatform(wanted));
  return [child === undefined ? context : contextOf(child)];
}

type Child = Pick<Descriptor, 'digest'> & Required<Pick<Descriptor, 'platform'>>;

/** By platform; of several for one, the first. */
async function childrenOf(
  { registry, repository, digest }: ImageSource,
  options: Options,
): Promise<ReadonlyMap<string, Child>> {
  const children = new Map<string, Child>();
  try {
    const { manifests } = await synthesizeIndex(registry, { repository, digest }, options);
    for (const entry of manifests) {
      const { platform } = entry;
      if (platform === undefined || isAttestation(entry) || children.has(formatPlatform(platform))) continue;
      children.set(formatPlatform(platform), { platform, digest: entry.digest });
    }
  } catch (error) {
    // Not all of its images are here. The one that the builder takes may be.
    if (errorCode(error) !== 'MANIFEST_BLOB_UNKNOWN') throw error;
  }
  return children;
}

/** Whether there is an image of which an index does not say for which platform it is. */
function isSilent({ bytes, mediaType }: ReadImage): boolean {
  try {
    const manifest = parseManifest(bytes, mediaType);
    return (
      manifest.kind === 'index' &&
      manifest.document.manifests.some(
        (entry) => isImageType(entry.mediaType) && !(entry.platform?.os && entry.platform.architecture),
      )
    );
  } catch (error) {
    // Whether it can be built from is for the builder to say.
    if (error instanceof Invalid) return false;
    throw error;
  }
}
