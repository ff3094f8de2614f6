import { digestOf, verifiableAlgorithm, type Digest } from '../../oci/index.ts';
import { DOCUMENT_LIMIT, RegistryError } from '../../registry/index.ts';
import type { Ingest } from '../content/content-store.ts';

/**
 * A write of something small, which is kept in memory until it is committed.
 * @param keep takes what was committed
 */
export function bufferedIngest(
  ref: string,
  { total, expected }: { readonly total: number; readonly expected?: Digest },
  keep: (digest: Digest, bytes: Uint8Array) => Promise<void>,
): Ingest {
  const startedAt = new Date();
  let updatedAt = startedAt;
  let pieces: Uint8Array[] = [];
  let offset = 0;
  return {
    status: () => ({
      ref,
      offset,
      total,
      ...(expected !== undefined && { expected }),
      startedAt,
      updatedAt,
    }),
    async write(bytes) {
      if (offset + bytes.length > DOCUMENT_LIMIT)
        throw new RegistryError('SIZE_INVALID', `${ref} has more than ${DOCUMENT_LIMIT} bytes`);
      pieces.push(bytes);
      offset += bytes.length;
      updatedAt = new Date();
    },
    async truncate() {
      pieces = [];
      offset = 0;
    },
    async commit(size, wanted = expected) {
      checkSize(ref, offset, size);
      const bytes = Buffer.concat(pieces);
      const digest = digestOf(bytes, wanted && verifiableAlgorithm(wanted));
      if (wanted !== undefined && digest !== wanted)
        throw new RegistryError('DIGEST_INVALID', `${ref} came as ${digest}, and should be ${wanted}`, {
          reference: wanted,
        });
      await keep(digest, bytes);
      return digest;
    },
    async close() {
      pieces = [];
    },
  };
}

/** @throws {RegistryError} `SIZE_INVALID`, if not all came that was announced; 0 announces nothing. */
export function checkSize(ref: string, got: number, announced: number): void {
  if (announced === 0 || got === announced) return;
  throw new RegistryError('SIZE_INVALID', `${ref} came with ${got} bytes, and should have ${announced}`);
}
