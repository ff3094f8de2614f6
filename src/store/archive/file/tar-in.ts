import { archiveInvalid, onDisk, reading } from '../failure.ts';
import { piecesOf, temporaryBytes, type ArchiveBytes } from './bytes.ts';
import { compressionOf, decompressed, type ExpansionLimits } from './compression.ts';
import type { Room } from './room.ts';
import type { Staging } from './staging.ts';

/** What people take for an archive as well, by how it begins. */
const FOREIGN: readonly (readonly [hexadecimal: RegExp, what: string])[] = [
  [/^425a683[1-9]314159265359/, 'compressed with bzip2'],
  [/^fd377a585a00/, 'compressed with xz'],
  [/^504b0304/, 'a zip'],
];

function foreign(beginning: Uint8Array): string | undefined {
  const text = Buffer.from(beginning).toString('hex');
  const [, what] = FOREIGN.find(([mark]) => mark.test(text)) ?? [];
  return what && `it is ${what}: want a tar, as it is or compressed with gzip or zstd`;
}

/** What bringing a tar out of a compressed archive takes. */
export interface TarInOptions {
  readonly limits: Partial<ExpansionLimits> | undefined;
  readonly staging: Staging;
  readonly signal?: AbortSignal;
}

/**
 * The tar itself: that of a compressed archive is brought into a file without a name, by one pass.
 * @returns undefined when the archive was replaced meanwhile
 * @throws {RegistryError} `ARCHIVE_INVALID`.
 */
export async function tarIn(
  file: string,
  bytes: ArchiveBytes,
  { limits, staging, signal }: TarInOptions,
): Promise<ArchiveBytes | undefined> {
  const opened = await bytes.open();
  if (opened === undefined) return undefined;
  try {
    const beginning = await opened.read(0, 16);
    const compression = compressionOf(beginning);
    if (compression === 'none') {
      const other = opened.size === 0 ? 'it is empty' : foreign(beginning);
      if (other !== undefined) throw archiveInvalid(file, other);
      return bytes;
    }
    const { handle, folder, remove } = await staging.unnamed();
    const room: Room = { what: 'the tar that is in it', folder };
    let size = 0;
    try {
      await reading(file, undefined, async () => {
        const stream = piecesOf(opened, 0, opened.size, signal);
        for await (const piece of decompressed(stream, compression, limits)) {
          await onDisk(file, () => handle.writeFile(piece), room);
          size += piece.length;
        }
      });
      const first = Buffer.alloc(4);
      await handle.read(first, 0, 4, 0);
      const inner = compressionOf(first);
      if (inner !== 'none')
        throw archiveInvalid(
          file,
          `it is compressed more than once: there is ${inner} in its ${compression}`,
        );
    } catch (error) {
      await handle.close();
      await remove();
      throw error;
    }
    return temporaryBytes(size, handle, remove);
  } finally {
    await opened.close();
  }
}
