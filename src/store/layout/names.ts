import {
  checkImageName,
  nameManifest,
  removeNames,
  resolveImage,
  type LayoutNames,
} from '../../layout-index/index.ts';
import { checkDigest, notFound } from '../../registry/index.ts';
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
        const resolved = resolveImage(names, query, { place, compatibility });
        if ('entry' in resolved) return resolved.entry;
        const found = await findDigest(repository, resolved.unlisted);
        if (found === undefined) throw notFound('MANIFEST_UNKNOWN', place, resolved.unlisted);
        return found;
      }),
    name: (digest, names, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        checkDigest(digest);
        names.forEach(checkImageName);
        // Asked before the lock is, which would make folders.
        await repository.index.current();
        return repository.changes.make(async (draft) => {
          const named = await nameManifest(draft, digest, names);
          if (named === undefined) throw notFound('MANIFEST_UNKNOWN', place, digest);
          return named;
        }, signal);
      }),
    unname: (names, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        names.forEach(checkImageName);
        await repository.index.current();
        return repository.changes.make((draft) => removeNames(draft, names, place), signal);
      }),
    pushManifest: (bytes, options) =>
      onDisk(root, async () => {
        options.signal?.throwIfAborted();
        options.names.forEach(checkImageName);
        return storeManifest(repository, bytes, options);
      }),
  };
}
