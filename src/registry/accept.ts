/**
 * What every store checks before it takes something in. Stores differ in where they put things, not in what they accept.
 */
import {
  childBlobs,
  childManifests,
  digestOf,
  isImageType,
  isIndexType,
  isNonDistributable,
  parseManifest,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
  type Manifest,
} from '../oci/index.ts';
import { DOCUMENT_LIMIT, verify, type ByteRange } from './content.ts';
import { fromInvalid, isRegistryError, RegistryError } from './error.ts';
import { checkDigest } from './names.ts';
import { watch } from './watch.ts';

/**
 * The part of a blob that a range asks for.
 * @param size of the blob, in bytes
 * @throws {RegistryError} `RANGE_INVALID` when it begins past the end, or before it begins, or is of no bytes:
 *   HTTP cannot ask for that, and registries have to agree.
 */
export function clampRange(range: ByteRange, size: number): Required<ByteRange> {
  const { start, end = size } = range;
  if (
    !Number.isSafeInteger(start) ||
    !Number.isSafeInteger(end) ||
    start < 0 ||
    start >= end ||
    start >= size
  ) {
    throw new RegistryError('RANGE_INVALID', `range ${start}-${end} of ${size} bytes`, { status: 416 });
  }
  return { start, end: Math.min(end, size) };
}

/** Passes a pushed blob on, and fails with the codes for what was pushed if it is not what the descriptor says. */
export async function* verifyPushed(
  stream: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (verifiableAlgorithm(digest) === undefined) {
    throw new RegistryError('DIGEST_INVALID', `${digest} cannot be verified: want sha256 or sha512`, {
      status: 400,
    });
  }
  const source = watch(stream);
  try {
    for await (const chunk of verify(source.stream, digest, size)) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    // A content that is copied fails with the same codes when it is not what it should be; that is not the push's fault.
    if (source.failure === undefined && isRegistryError(error)) throw asPushed(error);
    throw error;
  }
}

function asPushed(error: RegistryError): RegistryError {
  const facts = { status: 400, cause: error };
  if (error.code === 'DIGEST_MISMATCH') return new RegistryError('DIGEST_INVALID', error.message, facts);
  if (error.code === 'SIZE_MISMATCH') return new RegistryError('SIZE_INVALID', error.message, facts);
  return error;
}

/** A manifest that may be stored, as far as it can be told without looking at what it refers to. */
export interface AcceptedManifest {
  readonly manifest: Manifest;
  readonly descriptor: Descriptor;
}

/**
 * Checks a pushed manifest: size, digest, form.
 * @throws {RegistryError} `MANIFEST_INVALID` (413 when it is too large), `DIGEST_INVALID`.
 */
export function checkManifest(
  bytes: Uint8Array,
  { mediaType, digest }: { readonly mediaType: string; readonly digest?: Digest },
): AcceptedManifest {
  if (bytes.length > DOCUMENT_LIMIT) {
    throw new RegistryError(
      'MANIFEST_INVALID',
      `the manifest has ${bytes.length} bytes, more than ${DOCUMENT_LIMIT}`,
      { status: 413 },
    );
  }
  const algorithm = digest === undefined ? 'sha256' : verifiableAlgorithm(checkDigest(digest));
  if (algorithm === undefined) {
    throw new RegistryError('DIGEST_INVALID', `${digest} cannot be verified: want sha256 or sha512`, {
      status: 400,
    });
  }
  const got = digestOf(bytes, algorithm);
  if (digest !== undefined && got !== digest) {
    throw new RegistryError('DIGEST_INVALID', `expected ${digest}, got ${got}`, { status: 400 });
  }
  try {
    return {
      manifest: parseManifest(bytes, mediaType),
      descriptor: { mediaType, digest: got, size: bytes.length },
    };
  } catch (error) {
    throw fromInvalid(error, 'MANIFEST_INVALID', { status: 400 });
  }
}

/** How a store tells what it has. */
export interface Presence {
  blob(digest: Digest): Promise<boolean>;
  manifest(digest: Digest): Promise<boolean>;
}

/**
 * The error for a manifest that refers to things that are not there, with all of their digests as detail.
 * Layers that may not be distributed need not be there, and a subject never needs to be.
 */
export async function missingChildren(
  manifest: Manifest,
  presence: Presence,
): Promise<RegistryError | undefined> {
  const missing = new Set<Digest>();
  for (const { digest, mediaType } of childBlobs(manifest)) {
    if (!isNonDistributable(mediaType) && !(await presence.blob(digest))) missing.add(digest);
  }
  for (const { digest, mediaType } of childManifests(manifest)) {
    const known = isIndexType(mediaType) || isImageType(mediaType);
    // An index may list things that are no manifests of a kind that we know, so those may be blobs as well.
    if (!(await presence.manifest(digest)) && (known || !(await presence.blob(digest)))) missing.add(digest);
  }
  if (missing.size === 0) return undefined;
  const some = [...missing].slice(0, 3).join(', ');
  const more = missing.size > 3 ? ` and ${missing.size - 3} more` : '';
  return new RegistryError(
    'MANIFEST_BLOB_UNKNOWN',
    `the manifest refers to what is not here: ${some}${more}`,
    {
      status: 404,
      detail: [...missing],
    },
  );
}
