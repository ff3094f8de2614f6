import { uploadsTo, type Incoming, type Registry } from '../../registry/index.ts';
import type { TagLists } from './shelf.ts';

/** Uploads live as long as the registry object. */
export function uploadOperations(shelves: TagLists): Pick<Registry, 'startUpload'> {
  return uploadsTo<Chunks>({
    async begin(repository) {
      shelves.writable(repository);
      return createChunks();
    },
    async keep(repository, digest, { bytes }) {
      shelves.writable(repository).blobs.set(digest, bytes());
    },
  });
}

/** A blob that is still coming in. */
interface Chunks extends Incoming {
  bytes(): Uint8Array;
}

function createChunks(): Chunks {
  let chunks: Uint8Array[] = [];
  let size = 0;
  const bytes = (): Uint8Array => Buffer.concat(chunks);
  return {
    get size() {
      return size;
    },
    bytes,
    async append(stream) {
      for await (const piece of stream) {
        chunks.push(piece.slice());
        size += piece.length;
      }
    },
    async truncate(length) {
      chunks = [bytes().subarray(0, length)];
      size = length;
    },
    async *read() {
      yield* chunks;
    },
    async remove() {
      chunks = [];
    },
  };
}
