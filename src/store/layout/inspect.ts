import {
  createHasher,
  Invalid,
  parseManifest,
  verifiableAlgorithm,
  type Digest,
  type Manifest,
} from '../../oci/index.ts';
import { DOCUMENT_LIMIT } from '../../registry/index.ts';
import { readFileBytes, statBlob } from './blob-file.ts';
import { isAbsent, systemCode } from './failure.ts';
import type { Finding } from './finding.ts';

/** What a look at the file of one blob shows. */
export interface Inspected {
  /** In bytes; undefined for a file that is not there. */
  readonly size?: number;
  /** What is wrong with the file by itself. */
  readonly fault?: Pick<Finding, 'kind' | 'message'>;
  /** What the document says, where it was to be read as one. */
  readonly manifest?: Manifest;
  /** Why it cannot be read as one. */
  readonly invalid?: Invalid;
}

/**
 * Hashes a blob, piece by piece.
 * @param mediaType what it should be read as, if it should be a manifest
 */
export async function inspect(
  layout: string,
  digest: Digest,
  mediaType: string | undefined,
  signal: AbortSignal,
): Promise<Inspected> {
  try {
    const file = await statBlob(layout, digest);
    if (file === undefined) return {};
    const { size, path } = file;
    const isSmall = mediaType !== undefined && size <= DOCUMENT_LIMIT;
    const algorithm = verifiableAlgorithm(digest);
    const hasher = createHasher(algorithm);
    const chunks: Uint8Array[] = [];
    for await (const chunk of readFileBytes(path, { signal })) {
      hasher.update(chunk);
      if (isSmall) chunks.push(chunk);
    }
    const got = hasher.digest();
    if (algorithm !== undefined && got !== digest)
      return { size, fault: { kind: 'corrupt', message: `its bytes (${size}) are those of ${got}` } };
    const parsed = mediaType === undefined ? {} : read(Buffer.concat(chunks), mediaType, size);
    if (algorithm !== undefined) return { size, ...parsed };
    const message = 'there is no telling whether its bytes are right: want sha256 or sha512';
    return { size, ...parsed, fault: { kind: 'unverifiable', message } };
  } catch (error) {
    signal.throwIfAborted();
    if (isAbsent(error)) return {};
    if (!(error instanceof Error)) throw error;
    if ((error as { readonly code?: unknown }).code === 'BLOB_NOT_REGULAR')
      return { fault: { kind: 'not-regular', message: 'it is not a regular file' } };
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { fault: { kind: 'corrupt', message: `it cannot be read: ${code}` } };
  }
}

function read(bytes: Uint8Array, mediaType: string, size: number): Pick<Inspected, 'manifest' | 'invalid'> {
  if (size > DOCUMENT_LIMIT)
    return { invalid: new Invalid('manifest', `it has ${size} bytes, more than a manifest may`) };
  try {
    return { manifest: parseManifest(bytes, mediaType) };
  } catch (error) {
    if (error instanceof Invalid) return { invalid: error };
    throw error;
  }
}
