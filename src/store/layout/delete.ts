import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeManifest, removeName } from '../../layout-index/index.ts';
import {
  checkDigest,
  checkReference,
  notFound,
  repositoryNotFound,
  type Registry,
} from '../../registry/index.ts';
import { blobPath } from './blob-file.ts';
import { isAbsent, onDisk } from './failure.ts';
import type { Repositories } from './repositories.ts';

export function deleteOperations({
  root,
  open,
  release,
}: Repositories): Pick<Registry, 'deleteBlob' | 'deleteManifest'> {
  return {
    deleteBlob: (name, digest, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        checkDigest(digest);
        const repository = open(name);
        // Asked before the lock is, which would make folders.
        await repository.index.current();
        await repository.changes.make(async (draft) => {
          if (!draft.exists) throw repositoryNotFound(name);
          // Within the lock, as it may be becoming a manifest.
          const { manifests } = await draft.known();
          const path = blobPath(repository.path, digest);
          if (path === undefined || manifests.has(digest)) throw notFound('BLOB_UNKNOWN', name, digest);
          try {
            await rm(path);
          } catch (error) {
            throw isAbsent(error) ? notFound('BLOB_UNKNOWN', name, digest) : error;
          }
          await repository.disk.syncFolder(dirname(path));
        }, signal);
        await release(digest);
      }),
    deleteManifest: (name, reference, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        const named = checkReference(reference);
        const repository = open(name);
        // Asked before the lock is, which would make folders.
        await repository.index.current();
        await repository.changes.make(async (draft) => {
          if (!draft.exists) throw repositoryNotFound(name);
          const found =
            'tag' in named
              ? await removeName(draft, { tag: named.tag }, name)
              : await removeManifest(draft, named.digest);
          if (!found) throw notFound('MANIFEST_UNKNOWN', name, reference);
        }, signal);
        if ('digest' in named) await release(named.digest);
      }),
  };
}
