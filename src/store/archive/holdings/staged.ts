import { rm } from 'node:fs/promises';
import type { Digest } from '../../../oci/index.ts';
import { stagedBlob, type FindBlob } from '../contents/blob.ts';

/** The blobs that were pushed, and are not in the archive yet: each is a file of the staging folder. */
export interface StagedBlobs {
  readonly size: number;
  digests(): Iterable<Digest>;
  readonly find: FindBlob;
  /** Takes a file as a blob. Another one that it has of the same blob goes. */
  keep(digest: Digest, path: string, size: number): Promise<void>;
  /** Marks those that there are now. What it gives lets go of marked ones; what came since is not meant. */
  mark(): (isDone: (digest: Digest) => boolean) => Promise<void>;
}

/** Begins with none. @param file the archive, for errors */
export function createStagedBlobs(file: string): StagedBlobs {
  const blobs = new Map<Digest, { readonly path: string; readonly size: number }>();
  return {
    get size() {
      return blobs.size;
    },
    digests: () => blobs.keys(),
    find(digest) {
      const blob = blobs.get(digest);
      return blob && stagedBlob(file, blob.path, blob.size);
    },
    async keep(digest, path, size) {
      const other = blobs.get(digest);
      blobs.set(digest, { path, size });
      if (other !== undefined) await rm(other.path, { force: true });
    },
    mark() {
      const marked = [...blobs];
      return async (isDone) => {
        for (const [digest, blob] of marked) {
          if (blobs.get(digest) !== blob || !isDone(digest)) continue;
          blobs.delete(digest);
          await rm(blob.path, { force: true });
        }
      };
    },
  };
}
