import { replaceFile } from '../../disk/index.ts';
import { isBare, LAYOUT_VERSION, reach, without } from '../../layout-index/index.ts';
import { algorithmOf, encodedOf, type Descriptor, type Digest, type Platform } from '../../oci/index.ts';
import { contentOf } from '../../registry/index.ts';
import { writeTar, type TarItem } from '../../tar/index.ts';
import type { StoredBlob } from './blob.ts';
import { checkWritable, compressed, type Compression } from './compression.ts';
import type { ArchiveFormat } from './contents.ts';
import { formatDockerManifest } from './docker-format.ts';
import { onDisk } from './failure.ts';
import type { Holdings, View } from './holdings.ts';
import { formatArchiveIndex } from './index-format.ts';
import { keptBlobs } from './kept.ts';

/** How an archive is written. */
export interface CommitOptions {
  readonly format: ArchiveFormat;
  readonly compression: Compression;
  /** Whose image of several stands for them where there is room for one alone. */
  readonly platform: Platform;
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How a file of this name is to be compressed: as everybody reads the name. */
export function compressionByName(file: string): Compression {
  if (/\.(?:tar\.gz|tgz)$/i.test(file)) return 'gzip';
  return /\.(?:tar\.(?:zst|zstd)|tzst)$/i.test(file) ? 'zstd' : 'none';
}

/**
 * Writes an archive: all that its entries lead to, and nothing else; or all that there is, where it cannot be told what
 * they lead to. The order is fixed, and nothing tells who wrote it, when, or in which order it came: so the same content
 * gives the same bytes. What was there is replaced when all is written.
 * @throws {RegistryError} `ARCHIVE_INVALID` when a blob is not what its digest says; `UNSUPPORTED` for zstd where Node has none.
 */
export function commitArchive(holdings: Holdings, options: CommitOptions): Promise<void> {
  const { compression, durable } = options;
  checkWritable(compression);
  return holdings.settle(async (view, place) => {
    const tar = writeTar(await itemsOf(holdings, view, options));
    const bytes = compression === 'none' ? tar : compressed(tar, compression);
    await onDisk(holdings.file, () =>
      replaceFile(holdings.file, abortable(bytes, options.signal), { durable, place }),
    );
  }, options.signal);
}

async function itemsOf(holdings: Holdings, view: View, options: CommitOptions): Promise<readonly TarItem[]> {
  const digests = await keptBlobs(holdings, view);
  const entries = await withoutRedundant(holdings, view);
  const documents: TarItem[] = [
    document('oci-layout', LAYOUT_VERSION),
    document('index.json', formatArchiveIndex({ ...view.index, entries })),
  ];
  if (options.format === 'docker')
    documents.push(
      document('manifest.json', await formatDockerManifest(holdings, { ...view, entries }, options.platform)),
    );

  const folders = ['blobs', ...new Set(digests.map((digest) => `blobs/${algorithmOf(digest)}`))];
  const files = digests.flatMap((digest): readonly TarItem[] => {
    const blob = view.find(digest);
    return blob === undefined ? [] : [blobItem(holdings, digest, blob)];
  });
  return [...documents, ...folders.map((path) => ({ path })), ...files];
}

/** Entries without a name are left out for what other entries lead to. */
async function withoutRedundant({ manifests }: Holdings, view: View): Promise<readonly Descriptor[]> {
  const named = without(view.entries, isBare);
  const { manifests: reached, limit } = await reach(named, (each) => manifests.read(each, view.find));
  // What is further away by then may be out of sight.
  if (limit !== undefined) return view.entries;
  return without(view.entries, (entry) => isBare(entry) && reached.has(entry.digest));
}

function document(path: string, bytes: Uint8Array): TarItem {
  return {
    path,
    content: {
      size: bytes.length,
      async *open() {
        yield bytes;
      },
    },
  };
}

/** A blob, verified while it is written: nothing wrong is handed on. */
function blobItem({ repository }: Holdings, digest: Digest, blob: StoredBlob): TarItem {
  const descriptor = { mediaType: 'application/octet-stream', digest, size: blob.size };
  return {
    path: `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`,
    content: {
      size: blob.size,
      open: () => contentOf(blob.read({}), { descriptor, facts: { repository, reference: digest } }),
    },
  };
}

/** Passes bytes on as long as they are wanted. */
async function* abortable(
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
