import { resolveImage, type ImageQuery, type ResolveOptions } from '../../layout-index/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { checkReference, checkRepository, notFound, repositoryNotFound } from '../../registry/index.ts';
import { archiveInvalid } from './failure.ts';
import type { Holdings } from './holdings/holdings.ts';
import type { View } from './holdings/view.ts';

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
  const query = 'tag' in named ? { tag: named.tag } : { digest: named.digest };
  const found = await findImage(holdings, view, query);
  if (view.find(found.digest) === undefined)
    throw notFound('MANIFEST_UNKNOWN', holdings.repository, reference);
  const { mediaType, digest, size } = found;
  return { mediaType, digest, size };
}

/**
 * The entry that is asked for, or the child of an index that has the digest. It may not be there itself.
 * @throws {RegistryError} as `ImageNames.resolve`; `ARCHIVE_INVALID` where a limit hides a digest.
 */
export async function findImage(
  { file, repository }: Holdings,
  view: View,
  query: ImageQuery,
  { compatibility }: ResolveOptions = {},
): Promise<Descriptor> {
  const resolved = resolveImage(view.names, query, { place: file, compatibility });
  // No index has to be read for what stands in index.json itself.
  if ('entry' in resolved) return resolved.entry;
  const { manifests, limit } = await view.known();
  const found = manifests.get(resolved.unlisted);
  if (found !== undefined) return found;
  throw limit === undefined
    ? notFound('MANIFEST_UNKNOWN', repository, resolved.unlisted)
    : archiveInvalid(file, limit);
}
