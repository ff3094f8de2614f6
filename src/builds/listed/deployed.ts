import { type Ordered, canonicalJson } from '../../json/index.ts';
import { digestOf, type Digest } from '../../oci/index.ts';

/** Whether a document was deployed before, just as it is. */
export type Past = (document: Ordered) => boolean;

/**
 * Remembers the documents of a deployment that went well: what is equal to one of them, as JSON, need not be deployed
 * again. Of each only a hash is kept.
 */
export async function deployedBefore(documents: AsyncIterable<Ordered> | Iterable<Ordered>): Promise<Past> {
  const hashes = new Set<Digest>();
  for await (const document of documents) hashes.add(hashOf(document));
  return (document) => hashes.has(hashOf(document));
}

function hashOf(document: Ordered): Digest {
  return digestOf(Buffer.from(canonicalJson(document)));
}
