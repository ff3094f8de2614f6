import { createHash, hash } from 'node:crypto';
import type { Digest, DigestAlgorithm } from './digest.ts';

/** Takes bytes, piece by piece, and names them at the end. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  /** The digest of all that was given. Ends the hasher. */
  digest(): Digest;
}

/** A hasher of one algorithm. WebCrypto has no incremental digest, hence `node:crypto`. */
export function createHasher(algorithm: DigestAlgorithm = 'sha256'): Hasher {
  const hashing = createHash(algorithm);
  return {
    update: (chunk) => void hashing.update(chunk),
    digest: () => `${algorithm}:${hashing.digest('hex')}` as Digest,
  };
}

/** The digest of some bytes at hand. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest;
}
