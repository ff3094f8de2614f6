import {
  isDigest,
  isRepository,
  isTag,
  looksLikeDigest,
  parseDigest,
  printable,
  type Digest,
} from '../oci/index.ts';
import { fromInvalid, RegistryError } from './error.ts';

/** Checks a repository's name. @throws {RegistryError} `NAME_INVALID`. */
export function checkRepository(repository: string): void {
  if (isRepository(repository)) return;
  throw new RegistryError('NAME_INVALID', `invalid repository name "${printable(repository, 260)}"`, {
    status: 400,
    repository,
  });
}

/** Checks a tag. @throws {RegistryError} `TAG_INVALID`. */
export function checkTag(tag: string): void {
  if (isTag(tag)) return;
  throw new RegistryError('TAG_INVALID', `invalid tag "${printable(tag, 140)}"`, {
    status: 400,
    reference: tag,
  });
}

/** Checks a digest. @throws {RegistryError} `DIGEST_INVALID`. */
export function checkDigest(digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch (error) {
    throw fromInvalid(error, 'DIGEST_INVALID', { status: 400, reference: digest });
  }
}

/** Tells a digest from a tag, and checks whichever it is. */
export function checkReference(reference: string): { readonly digest: Digest } | { readonly tag: string } {
  if (isDigest(reference)) return { digest: reference };
  if (looksLikeDigest(reference)) return { digest: checkDigest(reference) };
  checkTag(reference);
  return { tag: reference };
}
