import {
  checkVersion,
  EMPTY_INDEX,
  INDEX_LIMIT,
  parseIndex,
  VERSION_LIMIT,
} from '../../../layout-index/index.ts';
import { isDigest, type Digest } from '../../../oci/index.ts';
import type { TarLimits } from '../../../tar/index.ts';
import { archiveInvalid, reading } from '../failure.ts';
import type { OpenBytes } from '../file/bytes.ts';
import { readDockerImages } from './docker/images.ts';
import { nameByDocker } from './docker/names.ts';
import { readDocument, type ArchiveReader, type Contents } from './document.ts';
import { takeInventory, type Inventory, type Span } from './inventory.ts';

/** How an archive is meant to be: as an OCI layout, or as `docker save` writes it, which since Docker 25 is both. */
export type ArchiveFormat = 'oci' | 'docker';

/** An archive without anything. */
export const NO_CONTENTS: Contents = { index: EMPTY_INDEX, blobs: new Map() };

/**
 * Reads what an archive holds: its index of names, and where its blobs are. Blobs themselves are not read, except
 * compressed layers of Docker's old format, whose digests are written nowhere.
 * @throws {RegistryError} `ARCHIVE_INVALID`.
 */
export async function readContents(
  file: string,
  bytes: OpenBytes,
  options: {
    readonly format: ArchiveFormat;
    readonly limits?: Partial<TarLimits>;
    readonly signal?: AbortSignal;
  },
): Promise<Contents> {
  const inventory = await takeInventory(file, bytes, options);
  const { files } = inventory;
  const reader: ArchiveReader = { file, bytes, inventory, signal: options.signal };
  const hasManifest = files.has('manifest.json');
  if (files.has('index.json')) {
    const contents = await readLayout(reader);
    return hasManifest && options.format === 'docker' ? nameByDocker(reader, contents) : contents;
  }
  if (hasManifest && options.format === 'docker') return readDockerImages(reader);
  if (hasManifest)
    throw archiveInvalid(
      file,
      'it is no OCI layout, but what `docker save` writes: read it as a Docker archive',
    );
  if (files.has('oci-layout')) throw archiveInvalid(file, 'index.json is missing');
  const wanted = options.format === 'oci' ? 'oci-layout and index.json' : 'manifest.json, or index.json';
  throw archiveInvalid(file, `it has no ${wanted}`);
}

async function readLayout(reader: ArchiveReader): Promise<Contents> {
  const version = await readDocument(reader, 'oci-layout', VERSION_LIMIT);
  await reading(reader.file, 'oci-layout', () => checkVersion(version));
  const bytes = await readDocument(reader, 'index.json', INDEX_LIMIT);
  const index = await reading(reader.file, 'index.json', () => parseIndex(bytes));
  return { index, blobs: blobsIn(reader.inventory) };
}

/** Blobs by digest: what stands at `blobs/<algorithm>/<encoded>`. Other files are not ours. */
function blobsIn({ files }: Inventory): Map<Digest, Span> {
  const blobs = new Map<Digest, Span>();
  for (const [path, span] of files) {
    const [, algorithm, encoded] = /^blobs\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const digest = `${algorithm}:${encoded}`;
    if (algorithm !== undefined && isDigest(digest)) blobs.set(digest, span);
  }
  return blobs;
}
