import { resolveImage } from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { checkReference, checkRepository, notFound, repositoryNotFound } from '../../registry/index.ts';
import { archiveInvalid } from './failure.ts';
import type { Holdings, View } from './holdings.ts';

/** Checks that a repository is the archive's one. @throws {RegistryError} `NAME_INVALID`, `NAME_UNKNOWN`. */
export function checkIsOurs({ repository }: Holdings, name: string): void {
  checkRepository(name);
  if (name !== repository) throw repositoryNotFound(name);
}

/**
 * The manifest that a tag or digest names.
 * @throws {RegistryError} `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`, `ARCHIVE_INVALID`; `REFERENCE_AMBIGUOUS` for a tag of several images.
 */
export async function findManifest(
  holdings: Holdings,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const named = checkReference(reference);
  const view = await holdings.current(signal);
  const found =
    'tag' in named
      ? resolveImage(view.names, { tag: named.tag }, { place: holdings.file })
      : await findDigest(holdings, view, named.digest);
  if (found === undefined || view.find(found.digest) === undefined)
    throw notFound('MANIFEST_UNKNOWN', holdings.repository, reference);
  const { mediaType, digest, size } = found;
  return { mediaType, digest, size };
}

/** The entry, or the child of an index, that has a digest. @throws {RegistryError} `ARCHIVE_INVALID` where a limit hides it. */
export async function findDigest(
  { file }: Holdings,
  view: View,
  digest: Digest,
): Promise<Descriptor | undefined> {
  // No index has to be read for what stands in index.json itself.
  const [entry] = view.names.digest(digest);
  if (entry !== undefined) return entry;
  const { manifests, limit } = await view.known();
  const found = manifests.get(digest);
  if (found !== undefined || limit === undefined) return found;
  throw archiveInvalid(file, limit);
}
