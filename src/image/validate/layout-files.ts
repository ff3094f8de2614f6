import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, encodedOf, type Descriptor } from '../../oci/index.ts';
import { contentOf, notFound, type Content } from '../../registry/index.ts';
import type { Contents } from './contents.ts';

/** A file of a layout. */
export interface LayoutFile {
  /** In bytes. */
  readonly size: number;
  /** Its bytes. Nothing is opened before the first is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** The files of a layout, wherever they are. Paths are relative to it, with slashes. */
export interface LayoutFiles {
  /** A file; undefined where there is none, or something else in its place. */
  file(path: string): Promise<LayoutFile | undefined>;
  /** The names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

/** How much is read at once, in bytes. */
const CHUNK = 256 * 1024;

/** The files in a folder of the disk. */
export function folderFiles(folder: string): LayoutFiles {
  return {
    async file(path) {
      const full = join(folder, path);
      const found = await stat(full).catch(orNothing);
      if (found === undefined || !found.isFile()) return undefined;
      const read = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of createReadStream(full, { highWaterMark: CHUNK })) yield chunk as Buffer;
      };
      return { size: found.size, read };
    },
    list: async (path) => (await readdir(join(folder, path)).catch(orNothing)) ?? [],
  };
}

/** The contents of a layout. */
export function fileContents(files: LayoutFiles, signal: AbortSignal | undefined): Contents {
  const open = async ({ digest }: Descriptor): Promise<{ size: number; content: () => Content }> => {
    signal?.throwIfAborted();
    const path = `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
    const file = await files.file(path);
    if (file === undefined) throw notFound('BLOB_UNKNOWN', 'the layout', digest);
    const { size } = file;
    return { size, content: () => contentOf(file.read(), { descriptor: { mediaType: '', digest, size } }) };
  };
  const content = async (descriptor: Descriptor): Promise<Content> => (await open(descriptor)).content();
  return { manifest: content, blob: content, blobSize: async (descriptor) => (await open(descriptor)).size };
}

function orNothing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
