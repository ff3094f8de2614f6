import type { Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  clampRange,
  contentOf,
  notFound,
  type Content,
  type Registry,
} from '../../registry/index.ts';
import { readFileBytes, statBlob } from './blob-file.ts';
import { diskFailure, isAbsent, onDisk } from './failure.ts';
import type { Repositories } from './repositories.ts';
import { findManifest } from './repository.ts';

type Read = Pick<Registry, 'getBlob' | 'getManifest' | 'resolveBlob' | 'resolveManifest'>;

export function readOperations({ root, open }: Repositories): Read {
  const findBlob = async (name: string, digest: Digest) => {
    checkDigest(digest);
    const repository = open(name);
    await repository.index.current();
    const file = await statBlob(repository.path, digest);
    if (file === undefined) throw notFound('BLOB_UNKNOWN', name, digest);
    return { path: file.path, descriptor: blobDescriptor(digest, file.size) };
  };
  return {
    getBlob: (name, digest, { range, signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        const { path, descriptor } = await findBlob(name, digest);
        const part = range && { range: clampRange(range, descriptor.size) };
        const gone = (): Error => notFound('BLOB_UNKNOWN', name, digest);
        const stream = readStored(root, path, gone, { ...part, ...(signal && { signal }) });
        return contentOf(stream, { descriptor, facts: { repository: name, reference: digest }, ...part });
      }),
    getManifest: (name, reference, { signal } = {}) =>
      onDisk(root, async (): Promise<Content> => {
        signal?.throwIfAborted();
        const { path, descriptor } = await findManifest(open(name), reference);
        const gone = (): Error => notFound('MANIFEST_UNKNOWN', name, reference);
        const stream = readStored(root, path, gone, signal && { signal });
        return contentOf(stream, { descriptor, facts: { repository: name, reference } });
      }),
    resolveBlob: (name, digest, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        return (await findBlob(name, digest)).descriptor;
      }),
    resolveManifest: (name, reference, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        return (await findManifest(open(name), reference)).descriptor;
      }),
  };
}

/** The bytes of a file that was there a moment ago. */
async function* readStored(
  root: string,
  path: string,
  gone: () => Error,
  options: Parameters<typeof readFileBytes>[1],
): AsyncGenerator<Uint8Array> {
  try {
    yield* readFileBytes(path, options);
  } catch (error) {
    throw isAbsent(error) ? gone() : diskFailure(error, root);
  }
}
