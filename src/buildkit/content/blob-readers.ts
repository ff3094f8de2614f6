import type { Descriptor, Digest } from '../../oci/index.ts';
import type { Registry } from '../../registry/index.ts';
import { blobStream, type BlobStream } from './blob-stream.ts';
import type { ContentPart } from './content-store.ts';

/** How many blobs are kept open at the same time for who reads on. */
const OPEN = 8;

/** Parts of blobs, in whatever order they are asked for. */
export interface BlobReaders {
  read(blob: Pick<Descriptor, 'digest' | 'size'>, part: ContentPart): AsyncIterable<Uint8Array>;
  /** Closes what is open; what is under way fails. */
  close(): Promise<void>;
}

/**
 * Reads parts of blobs. The builder copies a layer by one call for each MiB, one after the other: a part that begins
 * where another ended is read on from the same stream, so that the registry is asked once for all of them. Two who copy
 * the same blob have a stream each.
 */
export function blobReaders(registry: Registry, repository: string): BlobReaders {
  /** At rest, the one that was used last at the end. */
  const resting = new Set<BlobStream>();
  const busy = new Set<BlobStream>();
  let closed = false;

  const rested = (digest: Digest, offset: number): BlobStream | undefined => {
    for (const reader of resting) {
      if (reader.digest !== digest || reader.position !== offset) continue;
      resting.delete(reader);
      return reader;
    }
    return undefined;
  };
  const rest = async (reader: BlobStream): Promise<void> => {
    if (closed) return reader.close();
    resting.add(reader);
    const [oldest] = resting;
    if (resting.size <= OPEN || oldest === undefined) return;
    resting.delete(oldest);
    await oldest.close();
  };

  return {
    async *read(blob, { offset, size, signal }) {
      signal?.throwIfAborted();
      const before = rested(blob.digest, offset);
      const reader = before ?? blobStream(registry, repository, blob, offset);
      busy.add(reader);
      // A read that waits for the registry is ended as well.
      const stop = (): void => void reader.close();
      const readOn = async (limit: number): Promise<Uint8Array | undefined> => {
        signal?.addEventListener('abort', stop, { once: true });
        try {
          return await reader.next(limit);
        } catch (error) {
          // Its stream may have been closed by the registry while it rested: it opens another, once.
          if (before === undefined || limit < size || signal?.aborted === true || closed) throw error;
          return await reader.next(limit);
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      };
      let handedOn = false;
      try {
        for (let left = size; left > 0;) {
          const bytes = await readOn(left);
          if (bytes === undefined) return;
          left -= bytes.length;
          // Before the bytes are given: who has them may ask for the next ones at once.
          if (left <= 0 && reader.position < blob.size) {
            handedOn = true;
            busy.delete(reader);
            await rest(reader);
          }
          yield bytes;
        }
      } finally {
        if (!handedOn) {
          busy.delete(reader);
          await reader.close();
        }
      }
    },
    async close() {
      closed = true;
      const all = [...resting, ...busy];
      resting.clear();
      await Promise.all(all.map((reader) => reader.close()));
    },
  };
}
