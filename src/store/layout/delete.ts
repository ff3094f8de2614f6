import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '../../oci/index.ts';
import {
  checkDigest,
  checkReference,
  notFound,
  repositoryNotFound,
  type Registry,
} from '../../registry/index.ts';
import { blobPath, statBlob } from './blob-file.ts';
import type { Draft } from './changes.ts';
import { keepUnnamed } from './enter.ts';
import { bareEntry, without, withoutNamed, type ImageName } from '../../layout-index/index.ts';
import { isAbsent, onDisk } from './failure.ts';
import type { Repositories } from './repositories.ts';
import { hasManifest, type Repository } from './repository.ts';

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
              : await removeManifest(repository, draft, named.digest);
          if (!found) throw notFound('MANIFEST_UNKNOWN', name, reference);
        }, signal);
        if ('digest' in named) await release(named.digest);
      }),
  };
}

/** Takes a name away, and leaves the manifest. */
export async function removeName(draft: Draft, name: ImageName, place: string): Promise<boolean> {
  const before = draft.entries;
  draft.entries = withoutNamed(before, name, place);
  await keepUnnamed(draft, before);
  return draft.entries !== before;
}

/** Takes a manifest away with all that names it; manifests that were there through it alone stay. */
async function removeManifest(repository: Repository, draft: Draft, digest: Digest): Promise<boolean> {
  const before = await draft.known();
  const descriptor = before.manifests.get(digest);
  if (descriptor === undefined) return false;
  const there = await hasManifest(repository, before, digest);
  const children = (await repository.documents.read(descriptor))?.children ?? [];
  const entries = draft.entries;
  draft.entries = without(entries, (entry) => entry.digest === digest);
  // An entry whose file is missing can be deleted; a child that is missing, of an index that stays, cannot.
  if (!there && draft.entries === entries) return false;
  draft.removed.add(digest);
  const { manifests } = await draft.known();
  const orphans = children.filter((child) => !manifests.has(child.digest));
  for (const child of new Map(orphans.map((orphan) => [orphan.digest, orphan])).values()) {
    if ((await statBlob(repository.path, child.digest)) === undefined) continue;
    draft.entries = [...draft.entries, bareEntry(child)];
  }
  return true;
}
