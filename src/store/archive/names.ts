import { checkImageName, nameManifest, removeNames, type LayoutNames } from '../../layout-index/index.ts';
import { checkDigest, notFound } from '../../registry/index.ts';
import { findImage } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';
import { storeManifest } from './write.ts';

/** The images of an archive by their names. */
export function archiveNames(holdings: Holdings): LayoutNames {
  const { file: place, repository, current, currentOrNone, change } = holdings;
  return {
    async entries({ signal } = {}) {
      signal?.throwIfAborted();
      return (await currentOrNone(signal))?.entries ?? [];
    },
    async resolve(query, options = {}) {
      const { signal } = options;
      signal?.throwIfAborted();
      return findImage(holdings, await current(signal), query, options);
    },
    async name(digest, names, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      names.forEach(checkImageName);
      await current(signal);
      return change(async (draft) => {
        const named = await nameManifest(draft, digest, names);
        if (named === undefined) throw notFound('MANIFEST_UNKNOWN', repository, digest);
        return named;
      }, signal);
    },
    async unname(names, { signal } = {}) {
      signal?.throwIfAborted();
      names.forEach(checkImageName);
      await current(signal);
      return change((draft) => removeNames(draft, names, place), signal);
    },
    async pushManifest(bytes, options) {
      options.signal?.throwIfAborted();
      return storeManifest(holdings, bytes, options);
    },
  };
}
