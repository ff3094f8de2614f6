import {
  digestOf,
  formatPlatform,
  matchesPlatform,
  type Descriptor,
  type Platform,
} from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { configPlatform, type ReadManifest } from '../document.ts';
import { attestedBy, platformOf } from '../synthesize.ts';
import type { CopyOptions, CopyPlace } from './options.ts';
import type { Transfer } from './transfer.ts';

/**
 * The part of an index that is for some platforms, with the attestations that belong to it. If that is all of
 * it, it is the index itself; else a new one, with the other fields as they were.
 * @throws {RegistryError} `MANIFEST_UNKNOWN` when there is nothing for one of them.
 */
export async function keepPlatforms(
  { from, read: readEntry }: Transfer,
  read: ReadManifest,
  platforms: readonly Platform[],
  { signal }: CopyOptions,
): Promise<ReadManifest> {
  const options = signal === undefined ? {} : { signal };
  const wanted = (platform: Platform | undefined): boolean =>
    platform !== undefined && platforms.some((want) => matchesPlatform(want, platform));
  const { manifest } = read;
  if (manifest.kind !== 'index') {
    const own = await configPlatform(from.registry, from.repository, manifest, options);
    if (wanted(own)) return read;
    throw nothing(from, platforms, own === undefined ? [] : [own]);
  }
  const entries = manifest.document.manifests;
  const found = await Promise.all(
    entries.map(async (entry) =>
      attestedBy(entry) === undefined
        ? platformOf(from.registry, from.repository, entry, () => readEntry(entry.digest, entry), options)
        : undefined,
    ),
  );
  const kept = new Set(entries.filter((_, at) => wanted(found[at])).map(({ digest }) => digest));
  const there = found.flatMap((platform) => platform ?? []);
  const lacking = platforms.filter((want) => !there.some((platform) => matchesPlatform(want, platform)));
  if (lacking.length > 0) throw nothing(from, lacking, there);
  const manifests = entries.filter((entry) => kept.has(attestedBy(entry) ?? entry.digest));
  if (manifests.length === entries.length) return read;
  return rewritten(read, manifests);
}

function rewritten(read: ReadManifest, manifests: readonly Descriptor[]): ReadManifest {
  const { manifest, descriptor } = read;
  if (manifest.kind !== 'index') return read;
  const document = { ...manifest.document, manifests };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return {
    bytes,
    descriptor: { mediaType: descriptor.mediaType, digest: digestOf(bytes), size: bytes.length },
    manifest: { ...manifest, document },
  };
}

function nothing(
  { repository }: CopyPlace,
  platforms: readonly Platform[],
  there: readonly Platform[],
): RegistryError {
  const list = (some: readonly Platform[]): string =>
    [...new Set(some.map(formatPlatform))].join(', ') || 'none';
  return new RegistryError(
    'MANIFEST_UNKNOWN',
    `${repository} has nothing for ${list(platforms)}; it has ${list(there)}`,
    { status: 404, repository },
  );
}
