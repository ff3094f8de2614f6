import {
  checkImageName,
  resolveImage,
  withName,
  withoutName,
  type ImageName,
  type LayoutNames,
} from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { checkDigest, notFound } from '../../registry/index.ts';
import { removeName } from './delete.ts';
import { keepUnnamed } from './enter.ts';
import { findDigest } from './find.ts';
import type { Draft, Holdings } from './holdings.ts';
import { storeManifest } from './write.ts';

/** The images of an archive by their names. */
export function archiveNames(holdings: Holdings): LayoutNames {
  const { file: place, current, currentOrNone, change } = holdings;
  return {
    async entries({ signal } = {}) {
      signal?.throwIfAborted();
      return (await currentOrNone(signal))?.entries ?? [];
    },
    async resolve(query, { compatibility, signal } = {}) {
      signal?.throwIfAborted();
      const view = await current(signal);
      const listed = resolveImage(view.names, query, { place, compatibility });
      if (listed !== undefined) return listed;
      const digest = checkDigest(query.digest ?? query.name?.slice(query.name.indexOf('@') + 1) ?? '');
      const found = await findDigest(holdings, view, digest);
      if (found === undefined) throw notFound('MANIFEST_UNKNOWN', holdings.repository, digest);
      return found;
    },
    async name(digest, names, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      names.forEach(checkImageName);
      await current(signal);
      return change((draft) => nameManifest(holdings, draft, digest, names), signal);
    },
    async unname(names, { signal } = {}) {
      signal?.throwIfAborted();
      names.forEach(checkImageName);
      await current(signal);
      return change(async (draft) => {
        let count = 0;
        for (const name of names) if (await removeName(draft, name, place)) count++;
        return count;
      }, signal);
    },
    async pushManifest(bytes, options) {
      options.signal?.throwIfAborted();
      return (await storeManifest(holdings, bytes, options)).descriptor;
    },
  };
}

/** Gives names to a manifest that is there; what its entry says besides, its new ones say as well. */
async function nameManifest(
  { repository }: Holdings,
  draft: Draft,
  digest: Digest,
  names: readonly ImageName[],
): Promise<Descriptor> {
  const before = draft.entries;
  const entry = before.find((each) => each.digest === digest) ?? (await draft.known()).manifests.get(digest);
  if (entry === undefined || draft.find(digest) === undefined)
    throw notFound('MANIFEST_UNKNOWN', repository, digest);
  const manifest = withoutName(entry);
  for (const name of names) draft.entries = withName(draft.entries, name, manifest);
  await keepUnnamed(draft, before);
  return manifest;
}
