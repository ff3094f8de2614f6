import { randomBytes } from 'node:crypto';
import { digestOf, verifiableAlgorithm, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  checkDigest,
  openable,
  RegistryError,
  type ChunkOptions,
  type Registry,
  type Source,
  type Upload,
} from '../../registry/index.ts';
import type { Shelves, StoredUpload } from './shelf.ts';

export function uploadOperations(shelves: Shelves): Pick<Registry, 'startUpload'> {
  return {
    async startUpload(repository, { resume, signal } = {}) {
      signal?.throwIfAborted();
      if (resume === undefined) {
        const id = randomBytes(16).toString('hex');
        shelves.writable(repository).uploads.set(id, { chunks: [], size: 0, writing: false });
        return open(shelves, repository, id);
      }
      find(shelves, repository, resume);
      return open(shelves, repository, resume);
    },
  };
}

function find(shelves: Shelves, repository: string, id: string): StoredUpload {
  const upload = shelves.find(repository)?.uploads.get(id);
  if (upload === undefined) {
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `upload is not known in ${repository}`, {
      status: 404,
      repository,
    });
  }
  return upload;
}

function open(shelves: Shelves, repository: string, id: string): Upload {
  const upload = find(shelves, repository, id);
  return {
    id,
    get offset() {
      return upload.size;
    },
    minimumChunk: 0,
    write: (chunk, options) => append(find(shelves, repository, id), chunk, options),
    async commit(digest, last) {
      checkDigest(digest);
      const stored = find(shelves, repository, id);
      if (last !== undefined) await append(stored, last.chunk, last);
      return commit(shelves, repository, id, digest);
    },
    async cancel() {
      shelves.find(repository)?.uploads.delete(id);
    },
  };
}

/** Takes a chunk as a whole or not at all: after an error the upload stands where it stood. */
async function append(
  upload: StoredUpload,
  chunk: Source,
  { offset, size, signal }: ChunkOptions = {},
): Promise<void> {
  if ((offset !== undefined && offset !== upload.size) || upload.writing) {
    throw new RegistryError(
      'RANGE_INVALID',
      `the upload stands at ${upload.size}, not at ${offset ?? 'a place for another writer'}`,
      { status: 416 },
    );
  }
  upload.writing = true;
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const piece of openable(chunk).open()) {
      signal?.throwIfAborted();
      chunks.push(piece.slice());
      length += piece.length;
    }
    if (size !== undefined && length !== size) {
      throw new RegistryError('SIZE_INVALID', `the chunk has ${length} bytes, ${size} were announced`, {
        status: 400,
      });
    }
    upload.chunks.push(...chunks);
    upload.size += length;
  } finally {
    upload.writing = false;
  }
}

function commit(shelves: Shelves, repository: string, id: string, digest: Digest): Descriptor {
  const shelf = shelves.writable(repository);
  const bytes = Buffer.concat(find(shelves, repository, id).chunks);
  shelf.uploads.delete(id);
  const algorithm = verifiableAlgorithm(digest);
  const got = algorithm === undefined ? undefined : digestOf(bytes, algorithm);
  if (got !== digest) {
    throw new RegistryError(
      'DIGEST_INVALID',
      `expected ${digest}, got ${got ?? 'an algorithm that cannot be verified'}`,
      { status: 400, repository },
    );
  }
  shelf.blobs.set(digest, bytes);
  return { mediaType: 'application/octet-stream', digest, size: bytes.length };
}
