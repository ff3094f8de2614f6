import { join } from 'node:path';
import { isDigest, type Digest } from '../../oci/index.ts';
import { namesIn } from './look.ts';

/** Something that stands among blobs. */
export interface BlobFile {
  /** Its path in the folder of the blobs: `sha256/…`. */
  readonly file: string;
  /** None for a file that is not named by one. */
  readonly digest?: Digest;
}

/**
 * Whatever stands in a folder that has one for each algorithm, with a file for each digest in it.
 * @param folder `blobs` of a layout, or what repositories share; nothing, if it is not there
 */
export async function blobFiles(folder: string): Promise<readonly BlobFile[]> {
  const files: BlobFile[] = [];
  for (const algorithm of (await namesIn(folder)) ?? []) {
    const names = await namesIn(join(folder, algorithm));
    // It is no folder.
    if (names === undefined) files.push({ file: algorithm });
    for (const encoded of names ?? []) {
      const digest = `${algorithm}:${encoded}`;
      files.push({ file: `${algorithm}/${encoded}`, ...(isDigest(digest) && { digest }) });
    }
  }
  return files;
}
