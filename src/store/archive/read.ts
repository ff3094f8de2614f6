import type { Descriptor, Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  clampRange,
  contentOf,
  notFound,
  type Registry,
} from '../../registry/index.ts';
import { readAnywhere } from './contents/blob.ts';
import { checkIsOurs, findManifest } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';

type Read = Pick<Registry, 'getBlob' | 'getManifest' | 'resolveBlob' | 'resolveManifest'>;

/** Contents are read from their places in the tar; those that were pushed since, from where they are kept. */
export function readOperations(holdings: Holdings): Read {
  const findBlob = async (
    name: string,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor> => {
    signal?.throwIfAborted();
    checkDigest(digest);
    checkIsOurs(holdings, name);
    const blob = (await holdings.current(signal)).find(digest);
    if (blob === undefined) throw notFound('BLOB_UNKNOWN', name, digest);
    return blobDescriptor(digest, blob.size);
  };
  const find = (digest: Digest) => async () => (await holdings.current()).find(digest);
  return {
    async getBlob(name, digest, { range, signal } = {}) {
      const descriptor = await findBlob(name, digest, signal);
      const part = range && clampRange(range, descriptor.size);
      const missing = (): Error => notFound('BLOB_UNKNOWN', name, digest);
      return contentOf(readAnywhere(find(digest), missing, { range: part, signal }), {
        descriptor,
        facts: { repository: name, reference: digest },
        ...(part !== undefined && { range: part }),
      });
    },
    async getManifest(name, reference, { signal } = {}) {
      signal?.throwIfAborted();
      checkIsOurs(holdings, name);
      const descriptor = await findManifest(holdings, reference, signal);
      const missing = (): Error => notFound('MANIFEST_UNKNOWN', name, reference);
      return contentOf(readAnywhere(find(descriptor.digest), missing, { signal }), {
        descriptor,
        facts: { repository: name, reference },
      });
    },
    resolveBlob: (name, digest, { signal } = {}) => findBlob(name, digest, signal),
    async resolveManifest(name, reference, { signal } = {}) {
      signal?.throwIfAborted();
      checkIsOurs(holdings, name);
      return findManifest(holdings, reference, signal);
    },
  };
}
