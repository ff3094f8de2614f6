import {
  checkImageName,
  resolveImage,
  withName,
  withoutName,
  type ImageName,
  type LayoutNames,
} from '../../layout-index/index.ts';
import { checkDigest, notFound } from '../../registry/index.ts';
import { statBlob } from './blob-file.ts';
import type { Draft } from './changes.ts';
import { removeName } from './delete.ts';
import { keepUnnamed } from './enter.ts';
import { onDisk } from './failure.ts';
import { findDigest, type Repository } from './repository.ts';
import { storeManifest } from './write.ts';

/** The images of one layout by their names. @param root what failures of the disk are told in relation to */
export function layoutNames(root: string, repository: Repository): LayoutNames {
  const place = repository.repository;
  return {
    entries: ({ signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        return (await repository.index.currentOrNone())?.entries ?? [];
      }),
    resolve: (query, { compatibility, signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        const { names } = await repository.index.current();
        const listed = resolveImage(names, query, { place, compatibility });
        if (listed !== undefined) return listed;
        const digest = checkDigest(query.digest ?? query.name?.slice(query.name.indexOf('@') + 1) ?? '');
        const found = await findDigest(repository, digest);
        if (found === undefined) throw notFound('MANIFEST_UNKNOWN', place, digest);
        return found;
      }),
    name: (digest, names, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        checkDigest(digest);
        names.forEach(checkImageName);
        // Asked before the lock is, which would make folders.
        await repository.index.current();
        return repository.changes.make((draft) => nameManifest(repository, draft, digest, names), signal);
      }),
    unname: (names, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        names.forEach(checkImageName);
        await repository.index.current();
        return repository.changes.make(async (draft) => {
          let count = 0;
          for (const name of names) if (await removeName(draft, name, place)) count++;
          return count;
        }, signal);
      }),
    pushManifest: (bytes, options) =>
      onDisk(root, async () => {
        options.signal?.throwIfAborted();
        options.names.forEach(checkImageName);
        return (await storeManifest(repository, bytes, options)).descriptor;
      }),
  };
}

/** Gives names to a manifest that is there; what its entry says besides, its new ones say as well. */
async function nameManifest(
  repository: Repository,
  draft: Draft,
  digest: Parameters<typeof statBlob>[1],
  names: readonly ImageName[],
): ReturnType<LayoutNames['name']> {
  const before = draft.entries;
  const entry = before.find((each) => each.digest === digest) ?? (await draft.known()).manifests.get(digest);
  if (
    entry === undefined ||
    draft.removed.has(digest) ||
    (await statBlob(repository.path, digest)) === undefined
  )
    throw notFound('MANIFEST_UNKNOWN', repository.repository, digest);
  const manifest = withoutName(entry);
  for (const name of names) draft.entries = withName(draft.entries, name, manifest);
  await keepUnnamed(draft, before);
  return manifest;
}
