import type { BigIntStats } from 'node:fs';
import type { TarLimits } from '../../../tar/index.ts';
import { NO_CONTENTS, readContents, type ArchiveFormat } from '../contents/contents.ts';
import type { Contents } from '../contents/document.ts';
import { archiveInvalid } from '../failure.ts';
import { fileBytes, sameFile, stampOf, type ArchiveBytes } from '../file/bytes.ts';
import type { ExpansionLimits } from '../file/compression.ts';
import type { Staging } from '../file/staging.ts';
import { tarIn } from '../file/tar-in.ts';

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
    const bytes = await tarIn(file, fileBytes(file, stamp), options);
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
