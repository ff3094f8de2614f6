import {
  annotations,
  childManifests,
  formatReference,
  Invalid,
  isImageType,
  isIndexType,
  parseManifest,
  type Descriptor,
  type Digest,
  type FullReference,
  type Manifest,
} from '../../../../oci/index.ts';
import { DOCUMENT_LIMIT } from '../../../../registry/index.ts';
import { readSpan, type ArchiveReader, type Contents } from '../document.ts';
import { findFile } from '../inventory.ts';
import { readDockerManifest } from './manifest.ts';

/** The entries of an image under its names, as `docker save` writes them; one without a name where it has none. */
export function namedEntries(image: Descriptor, names: readonly FullReference[]): readonly Descriptor[] {
  if (names.length === 0) return [image];
  return names.map((name) => ({
    ...image,
    annotations: {
      ...image.annotations,
      [annotations.imageName]: formatReference(name),
      ...(name.tag !== undefined && { [annotations.refName]: name.tag }),
    },
  }));
}

/**
 * Gives the images of a layout that have no names those that the `manifest.json` beside it has for them: that lists
 * images by their configs. Where both have names those of the layout count.
 * @throws {RegistryError} `ARCHIVE_INVALID`.
 */
export async function nameByDocker(reader: ArchiveReader, contents: Contents): Promise<Contents> {
  const images = await readDockerManifest(reader);
  // What it names has to be there, whether we need it or not.
  for (const { config, layers } of images)
    for (const path of [config, ...layers]) findFile(reader.file, reader.inventory, path, 'manifest.json');
  if (contents.index.entries.every(isNamed)) return contents;
  const byConfig = new Map<string, FullReference[]>();
  for (const { config, names } of images) byConfig.set(config, [...(byConfig.get(config) ?? []), ...names]);

  const entries: Descriptor[] = [];
  for (const entry of contents.index.entries) {
    const configs = isNamed(entry) ? [] : await configsOf(reader, contents, entry, true);
    const names = configs.flatMap((digest) => byConfig.get(`blobs/${digest.replace(':', '/')}`) ?? []);
    entries.push(...namedEntries(entry, names));
  }
  return { ...contents, index: { ...contents.index, entries } };
}

function isNamed({ annotations: all }: Descriptor): boolean {
  return all?.[annotations.imageName] !== undefined || all?.[annotations.refName] !== undefined;
}

/** The configs of an image; of an index, of the images that it lists. */
async function configsOf(
  reader: ArchiveReader,
  contents: Contents,
  { mediaType, digest, size }: Descriptor,
  isTop: boolean,
): Promise<readonly Digest[]> {
  const place = contents.blobs.get(digest);
  if (place === undefined || 'made' in place || place.size !== size || size > DOCUMENT_LIMIT) return [];
  if (!isImageType(mediaType) && !(isTop && isIndexType(mediaType))) return [];
  let manifest: Manifest;
  try {
    manifest = parseManifest(
      await readSpan(reader.file, reader.bytes, place, digest, DOCUMENT_LIMIT),
      mediaType,
    );
  } catch (error) {
    // It is of no use for a name. Whoever reads it is told what is wrong with it.
    if (error instanceof Invalid) return [];
    throw error;
  }
  if (manifest.kind === 'image') return [manifest.document.config.digest];
  const configs: Digest[] = [];
  for (const child of childManifests(manifest))
    configs.push(...(await configsOf(reader, contents, child, false)));
  return configs;
}
