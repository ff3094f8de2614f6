import type { BigIntStats } from 'node:fs';
import type { TarLimits } from '../../tar/index.ts';
import { fileBytes, piecesOf, sameFile, stampOf, temporaryBytes, type ArchiveBytes } from './bytes.ts';
import { compressionOf, decompressed, type ExpansionLimits } from './compression.ts';
import { NO_CONTENTS, readContents, type ArchiveFormat } from './contents.ts';
import { archiveInvalid, reading } from './failure.ts';
import type { Contents } from './reader.ts';
import type { Staging } from './staging.ts';

/** Bounds on what is read from an archive: they are what a hostile one meets. */
export type ArchiveLimits = Partial<TarLimits & ExpansionLimits>;

/** An archive as it was at one look. */
export interface Base {
  /** Undefined where there was none. */
  readonly stamp: BigIntStats | undefined;
  readonly bytes: ArchiveBytes;
  readonly contents: Contents;
}

/** How archives are read. */
export interface BaseOptions {
  readonly format: ArchiveFormat;
  readonly limits: ArchiveLimits | undefined;
  readonly staging: Staging;
  readonly signal?: AbortSignal;
}

/** Whether a file is still what it was. */
export function isCurrent({ stamp }: Base, now: BigIntStats | undefined): boolean {
  return stamp === undefined || now === undefined ? stamp === now : sameFile(stamp, now);
}

/** Reads an archive as it is now. @throws {RegistryError} `ARCHIVE_INVALID`. */
export async function readBase(file: string, options: BaseOptions): Promise<Base> {
  for (;;) {
    const stamp = await stampOf(file);
    const none = { open: async () => undefined, retire: async () => {} };
    if (stamp === undefined) return { stamp, bytes: none, contents: NO_CONTENTS };
    if (!stamp.isFile()) throw archiveInvalid(file, 'it is not a regular file');
    const bytes = await tarOf(file, fileBytes(file, stamp), options);
    const opened = await bytes?.open();
    // Replaced between two looks.
    if (bytes === undefined || opened === undefined) continue;
    try {
      return { stamp, bytes, contents: await readContents(file, opened, readOptions(options)) };
    } catch (error) {
      await bytes.retire();
      throw error;
    } finally {
      await opened.close();
    }
  }
}

function readOptions({ format, limits, signal }: BaseOptions): Parameters<typeof readContents>[2] {
  return { format, ...(limits && { limits }), ...(signal && { signal }) };
}

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

/** The tar itself: that of a compressed archive is brought into a file without a name, by one pass. */
async function tarOf(
  file: string,
  bytes: ArchiveBytes,
  { limits, staging, signal }: BaseOptions,
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
    const { handle, remove } = await staging.unnamed();
    let size = 0;
    try {
      await reading(file, undefined, async () => {
        const stream = piecesOf(opened, 0, opened.size, signal);
        for await (const piece of decompressed(stream, compression, limits)) {
          await handle.writeFile(piece);
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
