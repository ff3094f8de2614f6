import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from './missing.ts';

/** What a file is to hold: all of it, or piece by piece. */
export type FileContents =
  string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface ReplaceFileOptions {
  /** Of a new file; one that is replaced keeps its own. 0666, less what the process's mask takes, unless told. */
  readonly mode?: number;
  /** That it survives a crash of the machine too, which costs two fsyncs. Yes unless told. */
  readonly durable?: boolean;
  /** How the written file takes its place. It is renamed unless told; what this fails with is why nothing is replaced. */
  readonly place?: (temporary: string, path: string) => Promise<void>;
}

/**
 * Writes a file as a whole or not at all: readers, and whoever looks after a crash, see what was there before or what is
 * there now. Of a link, what it leads to is replaced. The folder has to be there.
 */
export async function replaceFile(
  path: string,
  contents: FileContents,
  { mode, durable = true, place }: ReplaceFileOptions = {},
): Promise<void> {
  const target = await realpath(path).catch(notMissing(path));
  const before = await stat(target).catch(notMissing(undefined));
  if (before !== undefined && !before.isFile()) return writeInto(target, contents);
  await renameInto(target, contents, {
    mode: before === undefined ? mode : before.mode & 0o7777,
    durable,
    prepare: async (file) => {
      // The mask counts for new files alone.
      if (before !== undefined) await file.chmod(before.mode & 0o7777);
    },
    place,
  });
}

interface RenameOptions {
  readonly mode: number | undefined;
  readonly durable: boolean;
  /** Is called with the written file, before it takes its place. */
  readonly prepare: (file: FileHandle) => Promise<void>;
  readonly place?: ReplaceFileOptions['place'] | undefined;
}

/** Writes a file beside a path, and puts it there when it is whole. A link in its place is replaced, not followed. */
export async function renameInto(
  path: string,
  contents: FileContents,
  { mode, durable, prepare, place = rename }: RenameOptions,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await writePieces(file, contents);
      await prepare(file);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary, path);
    if (durable) await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeInto(path: string, contents: FileContents): Promise<void> {
  const file = await open(path, 'w');
  try {
    await writePieces(file, contents);
  } finally {
    await file.close();
  }
}

async function writePieces(file: FileHandle, contents: FileContents): Promise<void> {
  // Each goes behind the last one.
  for await (const piece of piecesOf(contents)) await file.writeFile(piece);
}

function piecesOf(
  contents: FileContents,
): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> {
  return typeof contents === 'string' || contents instanceof Uint8Array ? [contents] : contents;
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function notMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return instead;
    throw error;
  };
}
