import { EMPTY_INDEX } from '../../../../layout-index/index.ts';
import {
  createHasher,
  digestOf,
  Invalid,
  isDigest,
  isObject,
  mediaTypes,
  parseJson,
  printable,
  type Descriptor,
  type Digest,
} from '../../../../oci/index.ts';
import { DOCUMENT_LIMIT } from '../../../../registry/index.ts';
import { archiveInvalid, reading } from '../../failure.ts';
import { piecesOf } from '../../file/bytes.ts';
import { compressionOf, type Compression } from '../../file/compression.ts';
import type { BlobPlace } from '../blob.ts';
import { readSpan, type ArchiveReader, type Contents } from '../document.ts';
import { findFile, type Span } from '../inventory.ts';
import { readDockerManifest, type DockerImage } from './manifest.ts';
import { namedEntries } from './names.ts';

/** The types of layers, by how they are compressed, in Docker's manifests and in OCI's. */
const LAYERS = {
  docker: {
    none: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
  oci: {
    none: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
} as const;

interface Layer extends Span {
  readonly digest: Digest;
  readonly compression: Compression;
}

/**
 * What an archive of the old format holds, where images have no manifests: they are made, as Docker does it when it
 * loads one, so that an image has the digest that it has there. Docker's own types, unless a layer is zstd, which has
 * none among them. Layers that are not compressed have the digests that the config says, and are checked when they are read.
 * @throws {RegistryError} `ARCHIVE_INVALID`.
 */
export async function readDockerImages(reader: ArchiveReader): Promise<Contents> {
  const blobs = new Map<Digest, BlobPlace>();
  const entries: Descriptor[] = [];
  /** By path: layers are shared, and those that are compressed are hashed. */
  const looked = new Map<number, Promise<Layer>>();
  for (const image of await readDockerManifest(reader)) {
    const config = await readConfig(reader, image);
    blobs.set(config.descriptor.digest, config.span);
    const layers: Layer[] = [];
    for (const [at, path] of image.layers.entries()) {
      const span = findFile(reader.file, reader.inventory, path, 'manifest.json');
      const found = looked.get(span.offset) ?? lookAtLayer(reader, span, path, config.diffIds[at]);
      looked.set(span.offset, found);
      const layer = await found;
      checkLayer(reader.file, path, layer, config.diffIds[at], blobs.get(layer.digest));
      blobs.set(layer.digest, { offset: layer.offset, size: layer.size });
      layers.push(layer);
    }
    const manifest = manifestOf(config.descriptor, layers);
    blobs.set(manifest.descriptor.digest, { made: manifest.bytes });
    entries.push(...namedEntries(manifest.descriptor, image.names));
  }
  return { index: { ...EMPTY_INDEX, entries }, blobs };
}

interface Config {
  readonly descriptor: Descriptor;
  readonly span: Span;
  /** The digests of the layers as they are when they are not compressed. */
  readonly diffIds: readonly Digest[];
}

async function readConfig(reader: ArchiveReader, { config: path, layers }: DockerImage): Promise<Config> {
  const { file } = reader;
  const span = findFile(file, reader.inventory, path, 'manifest.json');
  const bytes = await readSpan(file, reader.bytes, span, path, DOCUMENT_LIMIT);
  const digest = digestOf(bytes);
  // The name is the digest, of old and now: `<hex>.json`, `sha256:<hex>`, `blobs/sha256/<hex>`.
  const [, hex] = /(?:^|\/|^sha256:)([0-9a-f]{64})(?:\.json)?$/.exec(path) ?? [];
  if (hex !== undefined && digest !== `sha256:${hex}`)
    throw archiveInvalid(file, `${path} has the digest of something else: it is ${digest}`);
  const diffIds = await reading(file, printable(path, 200), () => diffIdsOf(bytes));
  if (diffIds.length !== layers.length) {
    throw archiveInvalid(
      file,
      `manifest.json names ${layers.length} layers for ${path}, which has ${diffIds.length} diff_ids`,
    );
  }
  return { descriptor: { mediaType: mediaTypes.dockerConfig, digest, size: bytes.length }, span, diffIds };
}

function diffIdsOf(bytes: Uint8Array): readonly Digest[] {
  const config = parseJson(bytes);
  if (!isObject(config)) throw new Invalid('document', 'want a JSON object', '');
  const { rootfs } = config;
  if (!isObject(rootfs) || rootfs['type'] !== 'layers')
    throw new Invalid('document', 'want one of type "layers"', '/rootfs');
  const list = rootfs['diff_ids'] ?? [];
  if (!Array.isArray(list)) throw new Invalid('document', 'want a list of digests', '/rootfs/diff_ids');
  return list.map((id: unknown, at) => {
    if (typeof id === 'string' && isDigest(id)) return id;
    throw new Invalid('document', 'want a digest', `/rootfs/diff_ids/${at}`);
  });
}

/** How a layer is compressed, and its digest: only where it is, the config does not say that. */
async function lookAtLayer(
  { file, bytes, signal }: ArchiveReader,
  span: Span,
  path: string,
  diffId: Digest | undefined,
): Promise<Layer> {
  const { offset, size } = span;
  const compression = compressionOf(await bytes.read(offset, Math.min(size, 4)));
  if (compression === 'none') {
    if (diffId === undefined) throw archiveInvalid(file, `there is no diff_id for ${printable(path, 200)}`);
    return { ...span, compression, digest: diffId };
  }
  const hasher = createHasher();
  for await (const piece of piecesOf(bytes, offset, offset + size, signal)) hasher.update(piece);
  return { ...span, compression, digest: hasher.digest() };
}

/** One file cannot be two layers, nor one layer two files of different lengths. */
function checkLayer(
  file: string,
  path: string,
  layer: Layer,
  diffId: Digest | undefined,
  other: BlobPlace | undefined,
): void {
  const isOther = layer.compression === 'none' && layer.digest !== diffId;
  const length = other === undefined || 'made' in other ? undefined : other.size;
  if (isOther || (length !== undefined && length !== layer.size))
    throw archiveInvalid(
      file,
      `${printable(path, 200)} cannot be ${isOther ? diffId : layer.digest}: it is another layer`,
    );
}

/** The manifest of an image that has none. The order of its fields is containerd's, and so its digest. */
function manifestOf(
  config: Descriptor,
  layers: readonly Layer[],
): { readonly bytes: Uint8Array; readonly descriptor: Descriptor } {
  const isOci = layers.some(({ compression }) => compression === 'zstd');
  const mediaType = isOci ? mediaTypes.ociManifest : mediaTypes.dockerManifest;
  const types: Readonly<Partial<Record<Compression, string>>> = isOci ? LAYERS.oci : LAYERS.docker;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: isOci ? { ...config, mediaType: mediaTypes.ociConfig } : config,
    layers: layers.map(({ compression, digest, size }) => ({ mediaType: types[compression], digest, size })),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}
