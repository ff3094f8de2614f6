import { randomBytes } from 'node:crypto';
import { digestOf, verifiableAlgorithm, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  checkDigest,
  openable,
  RegistryError,
  suspendable,
  type ChunkOptions,
  type PlainUpload,
  type Registry,
  type Source,
} from '../../registry/index.ts';
import type { TagLists, StoredUpload } from './shelf.ts';

export function uploadOperations(shelves: TagLists): Pick<Registry, 'startUpload'> {
  return {
    async startUpload(repository, { resume, offset, signal } = {}) {
      signal?.throwIfAborted();
      const id = resume ?? randomBytes(16).toString('hex');
      if (resume === undefined) shelves.writable(repository).uploads.set(id, { chunks: [], size: 0 });
      else if (offset === undefined) await writerEnds(find(shelves, repository, id));
      return suspendable(open(shelves, repository, id), repository);
    },
  };
}

/** How long a writer may take whose end is waited for, in milliseconds. */
const PATIENCE = 5000;

/** Waits for whoever is still writing, for a while: only then is it certain where the upload stands. */
async function writerEnds({ writing }: StoredUpload): Promise<void> {
  if (writing === undefined) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
  await Promise.race([writing, late]);
  clearTimeout(timer);
}

function find(shelves: TagLists, repository: string, id: string): StoredUpload {
  const upload = shelves.find(repository)?.uploads.get(id);
  if (upload === undefined) {
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `upload is not known in ${repository}`, {
      status: 404,
      repository,
    });
  }
  return upload;
}

function open(shelves: TagLists, repository: string, id: string): PlainUpload {
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

/** Takes a chunk. Of one that breaks off, what came is kept; of one that is not as long as announced, nothing. */
async function append(
  upload: StoredUpload,
  chunk: Source,
  { offset, size, signal }: ChunkOptions = {},
): Promise<void> {
  if ((offset !== undefined && offset !== upload.size) || upload.writing !== undefined) {
    throw new RegistryError(
      'RANGE_INVALID',
      `the upload stands at ${upload.size}, not at ${offset ?? 'a place for another writer'}`,
      { status: 416 },
    );
  }
  let done = (): void => {};
  upload.writing = new Promise((resolve) => (done = resolve));
  const chunks: Uint8Array[] = [];
  let length = 0;
  const keep = (): void => {
    upload.chunks.push(...chunks);
    upload.size += length;
  };
  try {
    for await (const piece of openable(chunk).open()) {
      signal?.throwIfAborted();
      chunks.push(piece.slice());
      length += piece.length;
    }
  } catch (error) {
    if (size === undefined || length <= size) keep();
    throw error;
  } finally {
    delete upload.writing;
    done();
  }
  if (size !== undefined && length !== size) {
    throw new RegistryError('SIZE_INVALID', `the chunk has ${length} bytes, ${size} were announced`, {
      status: 400,
    });
  }
  keep();
}

function commit(shelves: TagLists, repository: string, id: string, digest: Digest): Descriptor {
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
