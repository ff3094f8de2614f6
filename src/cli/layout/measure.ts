import { OWN_REPOSITORY } from '../../place/index.ts';
import {
  childBlobs,
  childManifests,
  formatPlatform,
  isConfigType,
  isImageType,
  isIndexType,
  Invalid,
  isObject,
  parseManifest,
  type Descriptor,
  type Digest,
  type Json,
  type Manifest,
  type Platform,
} from '../../oci/index.ts';
import { isNotFound, isVerificationFailure, type Options, type Registry } from '../../registry/index.ts';

/** What an image comes to. */
export interface Measured {
  /** As `linux/arm64/v8`. */
  readonly platforms: readonly string[];
  /** Of all that belongs to it, each blob once, in bytes. */
  readonly size: number;
}

/** Adds up what an image, or an index, leads to, as far as it is there. */
export async function measure(registry: Registry, entry: Descriptor, options: Options): Promise<Measured> {
  const sizes = new Map<Digest, number>();
  const platforms = new Set<string>();
  const follow = async (descriptor: Descriptor): Promise<void> => {
    if (sizes.has(descriptor.digest)) return;
    sizes.set(descriptor.digest, descriptor.size);
    if (isRunnable(descriptor.platform)) platforms.add(formatPlatform(descriptor.platform));
    const manifest = await readManifest(registry, descriptor, options);
    if (manifest === undefined) return;
    for (const blob of childBlobs(manifest)) sizes.set(blob.digest, blob.size);
    if (manifest.kind === 'image' && descriptor === entry) {
      const platform = await platformOf(registry, manifest.document.config, options);
      if (isRunnable(platform)) platforms.add(formatPlatform(platform));
    }
    for (const child of childManifests(manifest)) await follow(child);
  };
  await follow(entry);
  return { platforms: [...platforms], size: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/**
 * A manifest of a layout; undefined for what is none, or is not there, or is wrong, which is for `verify` to tell.
 */
export async function readManifest(
  registry: Registry,
  { digest, mediaType }: Descriptor,
  options: Options,
): Promise<Manifest | undefined> {
  if (!isIndexType(mediaType) && !isImageType(mediaType)) return undefined;
  return unlessBroken(async () => {
    // Indexes may stand in one another deeper than a registry shows.
    const content = await registry
      .getManifest(OWN_REPOSITORY, digest, options)
      .catch(() => registry.getBlob(OWN_REPOSITORY, digest, options));
    return parseManifest(await content.bytes(), mediaType);
  });
}

async function platformOf(
  registry: Registry,
  { digest, mediaType }: Descriptor,
  options: Options,
): Promise<Platform | undefined> {
  if (!isConfigType(mediaType)) return undefined;
  const config = await unlessBroken(async () =>
    (await registry.getBlob(OWN_REPOSITORY, digest, options)).json<Json>(),
  );
  if (!isObject(config ?? null)) return undefined;
  const { os, architecture, variant } = config as { readonly [name: string]: Json };
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return { os, architecture, ...(typeof variant === 'string' && { variant }) };
}

async function unlessBroken<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isNotFound(error) || isVerificationFailure(error)) return undefined;
    if (error instanceof Invalid || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Attestations are of no platform. */
function isRunnable(platform: Platform | undefined): platform is Platform {
  return platform !== undefined && platform.os !== '' && platform.os !== 'unknown';
}
