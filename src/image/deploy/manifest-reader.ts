import type { Descriptor, Digest } from '../../oci/index.ts';
import { readManifest, type ReadManifest } from '../document.ts';
import type { DeployContext } from './context.ts';
import type { Target } from './target.ts';

/** Reads manifests that are to be copied, each once. */
export interface Sources {
  /** @param expected what refers to it says of it, which it has to meet */
  read(from: Target, digest: Digest, expected?: Descriptor): Promise<ReadManifest>;
}

export function createSources({ limit, signal, carried }: DeployContext): Sources {
  // Wherever it is read from, it is the same.
  const reading = new Map<Digest, Promise<ReadManifest>>();
  return {
    async read(from, digest, expected) {
      const own = carried(digest);
      if (own !== undefined && isAsExpected(own.descriptor, expected)) return own;
      const fetch = (): Promise<ReadManifest> =>
        limit(() =>
          readManifest(from.registry, from.repository, digest, {
            signal,
            ...(expected !== undefined && { expected }),
          }),
        );
      const read = reading.get(digest) ?? fetch();
      reading.set(digest, read);
      try {
        const found = await read;
        // What was said of it elsewhere need not be what is said of it here: then it is read as that, or refused.
        return isAsExpected(found.descriptor, expected) ? found : await fetch();
      } catch (error) {
        // Another document may know another place to look.
        if (reading.get(digest) === read) reading.delete(digest);
        throw error;
      }
    },
  };
}

function isAsExpected({ mediaType, size }: Descriptor, expected: Descriptor | undefined): boolean {
  return expected === undefined || (expected.mediaType === mediaType && expected.size === size);
}
