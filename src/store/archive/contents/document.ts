import type { LayoutIndex } from '../../../layout-index/index.ts';
import type { Digest } from '../../../oci/index.ts';
import { archiveInvalid } from '../failure.ts';
import type { OpenBytes } from '../file/bytes.ts';
import type { BlobPlace } from './blob.ts';
import type { Inventory, Span } from './inventory.ts';

/** What an archive holds. */
export interface Contents {
  readonly index: LayoutIndex;
  readonly blobs: ReadonlyMap<Digest, BlobPlace>;
}

/** An archive as it is read: what its tar has, and the bytes of that. */
export interface ArchiveReader {
  /** The path of the archive, for errors. */
  readonly file: string;
  readonly bytes: OpenBytes;
  readonly inventory: Inventory;
  readonly signal: AbortSignal | undefined;
}

/** Reads a whole document of the archive. @throws {RegistryError} `ARCHIVE_INVALID`, where it is not there or too large. */
export async function readDocument(
  { file, bytes, inventory }: ArchiveReader,
  path: string,
  limit: number,
): Promise<Uint8Array> {
  const span = inventory.files.get(path);
  if (span === undefined) throw archiveInvalid(file, `${path} is missing`);
  return readSpan(file, bytes, span, path, limit);
}

/** The same, of what was found already. */
export async function readSpan(
  file: string,
  bytes: OpenBytes,
  { offset, size }: Span,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  if (size > limit) throw archiveInvalid(file, `${name} has ${size} bytes, more than ${limit}`);
  return bytes.read(offset, size);
}
