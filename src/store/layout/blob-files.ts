import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest, type Digest } from '../../oci/index.ts';
import { isAbsent } from './failure.ts';

/** Something that stands among the blobs. */
export interface BlobFile {
  readonly file: string;
  /** None for a file that is not named by one. */
  readonly digest?: Digest;
}

/** Whatever stands in the folder of the blobs. */
export async function blobFiles(layout: string): Promise<readonly BlobFile[]> {
  const files: BlobFile[] = [];
  for (const { name: algorithm, isFolder } of await list(join(layout, 'blobs'))) {
    if (!isFolder) files.push({ file: `blobs/${algorithm}` });
    else
      for (const { name: encoded } of await list(join(layout, 'blobs', algorithm))) {
        const digest = `${algorithm}:${encoded}`;
        files.push({ file: `blobs/${algorithm}/${encoded}`, ...(isDigest(digest) && { digest }) });
      }
  }
  return files;
}

async function list(
  folder: string,
): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
