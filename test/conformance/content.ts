/**
 * Bytes and their digests.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
import { createHash, randomBytes } from 'node:crypto';

/** The digest algorithms that are asked for. */
export type Algorithm = 'sha256' | 'sha512';

/** Bytes under the digest they are pushed by. */
export interface Content {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Some bytes with their digest. */
export function contentOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): Content {
  const buffer = Buffer.from(bytes);
  return { digest: digestOf(buffer, algorithm), bytes: buffer };
}

/** Bytes that no registry has. */
export function randomContent(size: number, algorithm: Algorithm = 'sha256'): Content {
  return contentOf(randomBytes(size), algorithm);
}

/** A short word that was not used before, for tags and names. */
export function word(): string {
  return randomBytes(5).toString('hex');
}
