import { RegistryError } from './error.ts';
import type { Upload } from './registry.ts';

/** What an upload can do that knows nothing of being suspended. */
export type PlainUpload = Omit<Upload, 'suspend'>;

/** Makes an upload one that can be suspended. @param repository for the error of who goes on all the same */
export function suspendable(upload: PlainUpload, repository: string): Upload {
  let isSuspended = false;
  const underWay = new Set<Promise<unknown>>();
  const unlessSuspended = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isSuspended)
      throw new RegistryError(
        'BLOB_UPLOAD_INVALID',
        `this upload to ${repository} was suspended; go on with it by startUpload({ resume: id })`,
        { repository },
      );
    const working = work();
    underWay.add(working);
    try {
      return await working;
    } finally {
      underWay.delete(working);
    }
  };
  return {
    get id() {
      return upload.id;
    },
    get offset() {
      return upload.offset;
    },
    get minimumChunk() {
      return upload.minimumChunk;
    },
    write: (chunk, options) => unlessSuspended(() => upload.write(chunk, options)),
    commit: (digest, last) => unlessSuspended(() => upload.commit(digest, last)),
    async suspend() {
      isSuspended = true;
      await Promise.allSettled(underWay);
      return upload.id;
    },
    cancel: () => upload.cancel(),
  };
}
