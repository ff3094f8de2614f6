import { isBare, LAYOUT_VERSION, reach, without } from '../../../layout-index/index.ts';
import { algorithmOf, encodedOf, type Descriptor, type Digest, type Platform } from '../../../oci/index.ts';
import { blobDescriptor, contentOf } from '../../../registry/index.ts';
import type { TarItem } from '../../../tar/index.ts';
import type { StoredBlob } from '../contents/blob.ts';
import type { ArchiveFormat } from '../contents/contents.ts';
import { formatDockerManifest } from '../contents/docker/format.ts';
import type { Holdings } from '../holdings/holdings.ts';
import { keptBlobs } from '../holdings/kept.ts';
import type { View } from '../holdings/view.ts';
import { formatArchiveIndex, inOrder } from './index-format.ts';

/** Which files an archive is to have. */
export interface ItemsOptions {
  readonly format: ArchiveFormat;
  /** Whose image of several stands for them where there is room for one alone. */
  readonly platform: Platform;
}

/** The files of an archive, in their order: first what says what it is, so that who reads a stream knows it at once. */
export async function itemsOf(
  holdings: Holdings,
  view: View,
  { format, platform }: ItemsOptions,
): Promise<readonly TarItem[]> {
  const { find, read } = view;
  const digests = await keptBlobs(view);
  const entries = await withoutRedundant(view);
  const documents: TarItem[] = [
    document('oci-layout', LAYOUT_VERSION),
    document('index.json', formatArchiveIndex({ ...view.index, entries })),
  ];
  if (format === 'docker') {
    const list = await formatDockerManifest(inOrder(entries), { find, read, platform });
    documents.push(document('manifest.json', list));
  }

  const folders = ['blobs', ...new Set(digests.map((digest) => `blobs/${algorithmOf(digest)}`))];
  const files = digests.flatMap((digest): readonly TarItem[] => {
    const blob = find(digest);
    return blob === undefined ? [] : [blobItem(holdings, digest, blob)];
  });
  return [...documents, ...folders.map((path) => ({ path })), ...files];
}

/** Entries without a name are left out for what other entries lead to. */
async function withoutRedundant({ entries, read }: View): Promise<readonly Descriptor[]> {
  const named = without(entries, isBare);
  const { manifests: reached, limit } = await reach(named, read);
  // What is further away by then may be out of sight.
  if (limit !== undefined) return entries;
  return without(entries, (entry) => isBare(entry) && reached.has(entry.digest));
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
  const descriptor = blobDescriptor(digest, blob.size);
  return {
    path: `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`,
    content: {
      size: blob.size,
      open: () => contentOf(blob.read({}), { descriptor, facts: { repository, reference: digest } }),
    },
  };
}
