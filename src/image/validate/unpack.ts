import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { createHasher, type Digest } from '../../oci/index.ts';
import { isRegistryError, type Content } from '../../registry/index.ts';

/** What is inside of a layer: the digest of its files, or why that cannot be told. */
export type Unpacked =
  | { readonly diffId: Digest }
  | { readonly broken: string }
  /** It was read, and verified; it cannot be decompressed here. */
  | { readonly unknown: true };

/**
 * Reads a layer, and takes the digest of what it is without its compression.
 * @throws {RegistryError} as reading the content does.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-diffid
 */
export async function unpack(content: Content, mediaType: string, signal?: AbortSignal): Promise<Unpacked> {
  const decoder = decoderOf(mediaType);
  const hasher = createHasher();
  const hash = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) hasher.update(chunk);
  };
  try {
    if (decoder === undefined || decoder === 'none') await hash(content);
    else await pipeline(content, decoder, hash, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isRegistryError(error) || signal?.aborted) throw error;
    return { broken: (error as Error).message };
  }
  return decoder === undefined ? { unknown: true } : { diffId: hasher.digest() };
}

/** @returns undefined for what Node cannot decompress here */
function decoderOf(mediaType: string): Duplex | 'none' | undefined {
  if (/[.+]gzip$/.test(mediaType)) return zlib.createGunzip();
  if (!/[.+]zstd$/.test(mediaType)) return 'none';
  // From Node 22.15 on.
  if (!('createZstdDecompress' in zlib)) return undefined;
  return (zlib.createZstdDecompress as () => Duplex)();
}
