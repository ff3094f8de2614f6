import { replaceFile } from '../../../disk/index.ts';
import { sizeOfTar, writeTar } from '../../../tar/index.ts';
import { onDisk } from '../failure.ts';
import { checkWritable, compressed, type Compression } from '../file/compression.ts';
import type { Room } from '../file/room.ts';
import type { Holdings } from '../holdings/holdings.ts';
import { itemsOf, type ItemsOptions } from './items.ts';

/** How an archive is written. */
export interface CommitOptions extends ItemsOptions {
  readonly compression: Compression;
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
    const items = await itemsOf(holdings, view, options);
    const tar = writeTar(items);
    const bytes = compression === 'none' ? tar : compressed(tar, compression);
    const room: Room = {
      what: 'the new file, beside what is there,',
      size: sizeOfTar(items),
      isAtMost: compression !== 'none',
    };
    await onDisk(
      holdings.file,
      () => replaceFile(holdings.file, abortable(bytes, options.signal), { durable, place }),
      room,
    );
  }, options.signal);
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
