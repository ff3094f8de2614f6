import type { Compatibility, ImageQuery } from '../../layout-index/index.ts';
import {
  childManifests,
  formatPlatform,
  isIndexType,
  matchesPlatform,
  parsePlatform,
  type Descriptor,
  type Digest,
  type Platform,
} from '../../oci/index.ts';
import { isNotFound, RegistryError, type Options, type Registry } from '../../registry/index.ts';
import type { SingleLayout } from '../../store/layout/index.ts';
import { print, type Context } from '../context.ts';
import { measure, readManifest } from './measure.ts';
import { failIn, openLayout, queryOf } from './words.ts';

export interface ResolveFlags {
  readonly as?: Compatibility;
  readonly platform?: Platform;
  readonly json?: boolean;
}

/** `stowage layout resolve DIR [NAME]`: the digest, or the whole descriptor, on standard output. */
export async function resolve(
  this: Context,
  { as, platform, json = false }: ResolveFlags,
  directory: string,
  name?: string,
): Promise<void> {
  try {
    const registry = await openLayout(directory);
    const options: Options = { signal: this.signal };
    const found = await find(registry, queryOf(name), { ...options, ...(as && { compatibility: as }) });
    const chosen = platform === undefined ? found : await choose(registry, found, platform, options);
    print(this, json ? JSON.stringify(chosen) : chosen.digest);
  } catch (error) {
    failIn(this, directory, error);
  }
}

/**
 * Finds an image. A word alone may be a tag, or a short name: `alpine`. What has a digest is no such word.
 * @throws {RegistryError} as `ImageNames.resolve`.
 */
export async function find(
  { names }: Pick<SingleLayout, 'names'>,
  query: ImageQuery,
  options: Options & { readonly compatibility?: Compatibility },
): Promise<Descriptor> {
  const { tag, digest } = query;
  try {
    return await names.resolve(query, options);
  } catch (error) {
    const isWord = tag !== undefined && digest === undefined;
    if (!isWord || options.compatibility !== undefined || !isNotFound(error)) throw error;
    return names.resolve({ name: tag }, options).catch(() => {
      throw error;
    });
  }
}

/**
 * The manifest of an index, or of indexes in it, that is for a platform; or the image, if it is.
 * @throws {RegistryError} `MANIFEST_UNKNOWN`, which says what there is.
 */
async function choose(
  registry: Registry,
  image: Descriptor,
  wanted: Platform,
  options: Options,
): Promise<Descriptor> {
  const seen = new Set<Digest>();
  const look = async (descriptor: Descriptor): Promise<Descriptor | undefined> => {
    if (seen.has(descriptor.digest)) return undefined;
    seen.add(descriptor.digest);
    const manifest = await readManifest(registry, descriptor, options);
    if (manifest?.kind !== 'index') return descriptor;
    const children = childManifests(manifest);
    const fits = children.filter(
      ({ platform }) => platform !== undefined && matchesPlatform(wanted, platform),
    );
    // An index in an index need not say what it is for.
    const others = children.filter(
      ({ mediaType, platform }) => platform === undefined && isIndexType(mediaType),
    );
    for (const child of [...fits, ...others]) {
      const found = await look(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const { platforms } = await measure(registry, image, options);
  const isAlone = !isIndexType(image.mediaType);
  const found =
    isAlone && !platforms.some((platform) => matchesPlatform(wanted, parsePlatform(platform)))
      ? undefined
      : await look(image);
  if (found !== undefined) return found;
  const there = platforms.length === 0 ? '' : `: it has ${platforms.join(', ')}`;
  throw new RegistryError(
    'MANIFEST_UNKNOWN',
    `${image.digest} has nothing for ${formatPlatform(wanted)}${there}`,
    { status: 404, reference: image.digest },
  );
}
