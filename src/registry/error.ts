import { Invalid, printable, type Digest } from '../oci/index.ts';

/**
 * What went wrong, as one word. The first group is the distribution specification's; servers disagree on
 * which to use, so ask `isNotFound` and its friends rather than compare.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  /* Used by distribution, and so by many, though not in the list of the specification. */
  | 'RANGE_INVALID'
  | 'TAG_INVALID'
  /* What was read is not what was asked for. */
  | 'DIGEST_MISMATCH'
  | 'SIZE_MISMATCH'
  | 'MEDIA_TYPE_CONFLICT'
  | 'ENCODING_REFUSED'
  /* A server's answer that cannot be used, or must not be followed. */
  | 'RESPONSE_INVALID'
  | 'LOCATION_INVALID'
  | 'PAGINATION_REFUSED'
  | 'REDIRECT_REFUSED'
  | 'UPLOAD_RANGE_MISMATCH'
  | 'AUTH_REALM_REFUSED'
  | 'AUTH_TOKEN_INVALID'
  | 'CREDENTIALS_INVALID'
  | 'UNAVAILABLE'
  /* What the caller wrote. */
  | 'REFERENCE_INVALID'
  /* What the caller wrote means more than one image. */
  | 'REFERENCE_AMBIGUOUS'
  | 'SETTINGS_INVALID'
  | 'SOURCE_CONSUMED'
  /* A folder that is not the image layout that it should be. */
  | 'LAYOUT_INVALID'
  /* A file that is not the archive that it should be. */
  | 'ARCHIVE_INVALID'
  | 'BLOB_CORRUPT'
  | 'BLOB_NOT_REGULAR'
  | 'UNKNOWN';

/** Everything about an error but its message. */
export interface ErrorFacts {
  /** The HTTP status, where the error came over HTTP, or should go so. */
  readonly status?: number;
  readonly method?: string;
  /** With secrets taken out. */
  readonly url?: string;
  readonly repository?: string;
  /** The tag or digest that was asked for. */
  readonly reference?: string;
  /** What the server added, as it came; for `MANIFEST_BLOB_UNKNOWN` the digests that are missing. */
  readonly detail?: unknown;
  /** How long the server asks to wait, in seconds. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** The one error of all registries: what, where, why. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: ErrorCode | (string & {});
  readonly status: number | undefined;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly repository: string | undefined;
  readonly reference: string | undefined;
  readonly detail: unknown;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode | (string & {}), message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status;
    this.method = facts.method;
    this.url = facts.url;
    this.repository = facts.repository;
    this.reference = facts.reference;
    this.detail = facts.detail;
    this.retryAfter = facts.retryAfter;
  }
}

/** The same error in other words; the one that it was is its cause. */
export function reworded(error: RegistryError, message: string): RegistryError {
  const { code, status, method, url, repository, reference, detail, retryAfter } = error;
  const facts = { status, method, url, repository, reference, detail, retryAfter };
  return Object.assign(new RegistryError(code, message, { cause: error }), facts);
}

/** Whether it is a `RegistryError`, also one of another copy of this package. */
export function isRegistryError(error: unknown): error is RegistryError {
  return error instanceof Error && error.name === 'RegistryError';
}

/** The error's code, if it is a `RegistryError`. */
export function errorCode(error: unknown): string | undefined {
  return isRegistryError(error) ? error.code : undefined;
}

const NOT_FOUND: ReadonlySet<string> = new Set([
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'NAME_UNKNOWN',
  'BLOB_UPLOAD_UNKNOWN',
]);

/** It is not there: one of the four codes for it, or any 404, whose code some servers invent (Harbor's `NOT_FOUND`). */
export function isNotFound(error: unknown): boolean {
  return (
    isRegistryError(error) &&
    (NOT_FOUND.has(error.code) || error.status === 404) &&
    error.code !== 'MANIFEST_BLOB_UNKNOWN'
  );
}

/** It may be there, but not for us. */
export function isDenied(error: unknown): boolean {
  if (!isRegistryError(error)) return false;
  return (
    error.code === 'UNAUTHORIZED' || error.code === 'DENIED' || error.status === 401 || error.status === 403
  );
}

/** We asked too often. */
export function isRateLimited(error: unknown): boolean {
  return isRegistryError(error) && (error.code === 'TOOMANYREQUESTS' || error.status === 429);
}

const VERIFICATION: ReadonlySet<string> = new Set([
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'MEDIA_TYPE_CONFLICT',
  'BLOB_CORRUPT',
]);

/** What was read is not what its digest, size or type promised. */
export function isVerificationFailure(error: unknown): boolean {
  return isRegistryError(error) && VERIFICATION.has(error.code);
}

/** A manifest was refused because something that it refers to is not there. */
export function isMissingChild(error: unknown): boolean {
  if (!isRegistryError(error)) return false;
  // Some servers answer with the code for the thing that is missing instead: ECR, older Artifactory.
  return (
    error.code === 'MANIFEST_BLOB_UNKNOWN' ||
    error.code === 'BLOB_UNKNOWN' ||
    (error.code === 'MANIFEST_UNKNOWN' && error.method === 'PUT')
  );
}

/** The digests that a refused manifest misses, as far as the server named them. */
export function missingDigests(error: RegistryError): readonly Digest[] {
  return Array.isArray(error.detail) ? (error.detail as Digest[]) : [];
}

/** Turns a malformed word into the error of the operation that was given it. */
export function fromInvalid(error: unknown, code: ErrorCode, facts: ErrorFacts = {}): unknown {
  if (!(error instanceof Invalid)) return error;
  return new RegistryError(code, error.message, { ...facts, cause: error });
}

/** The error for a blob or manifest that is not in a store. */
export function notFound(
  code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
  repository: string,
  reference: string,
): RegistryError {
  const what = code === 'BLOB_UNKNOWN' ? 'blob' : 'manifest';
  return new RegistryError(
    code,
    `${what} ${printable(reference, 160)} is not in ${printable(repository, 260)}`,
    {
      status: 404,
      repository,
      reference,
    },
  );
}

/** The error for a repository that is not in a store. */
export function repositoryNotFound(repository: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', `repository ${printable(repository, 260)} is not known`, {
    status: 404,
    repository,
  });
}
