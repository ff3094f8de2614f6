import { isDenied, isNotFound } from '../registry/index.ts';

/**
 * Whether a read failed because the thing is not there, or is none of our business, which cannot be told apart: a
 * registry that has private repositories answers 401 or 403 for those that do not exist as well, so as not to give
 * away which do. The client has done what it could to be let in before such an answer comes out of it.
 *
 * What an index or manifest that is there refers to, and is missing itself, does not count: `MANIFEST_BLOB_UNKNOWN`.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export function isAbsent(error: unknown): boolean {
  return isNotFound(error) || isDenied(error);
}
