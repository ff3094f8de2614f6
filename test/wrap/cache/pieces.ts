import { digestOf, mediaTypes, type Descriptor } from '../../../src/oci/index.ts';
import type { CacheScope } from '../../../src/wrap/cache/index.ts';

export const scope: CacheScope = { namespace: 'registry.test', repository: 'a/b' };

/** Some blobs of up to 200 kB, the same in each process. */
export function pieces(): readonly { readonly descriptor: Descriptor; readonly content: Uint8Array }[] {
  return Array.from({ length: 40 }, (_, at) => {
    const content = Buffer.from(`piece ${at} `.repeat(1 + at * 500));
    const descriptor = { mediaType: mediaTypes.octetStream, digest: digestOf(content), size: content.length };
    return { descriptor, content };
  });
}
