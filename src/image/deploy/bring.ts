import { mediaTypes, parseManifest, type Digest } from '../../oci/index.ts';
import { fromInvalid, RegistryError } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { Aim } from './aim.ts';
import type { Carrier } from './carry.ts';
import type { DeployDocument } from './document.ts';
import { lookupOf } from './lookup.ts';
import type { DeployParts } from './parts.ts';
import type { Sources } from './source.ts';
import type { Targets } from './target.ts';

/** With what aims are brought about. */
export interface BringParts extends DeployParts {
  readonly targets: Targets;
  readonly carrier: Carrier;
  readonly sources: Sources;
}

/**
 * Brings about what an aim wants.
 * @param tags those of its tags that are something else so far
 * @throws {RegistryError} what reading and writing fail with; `MANIFEST_INVALID` for a manifest that is none.
 */
export async function bringAim(aim: Aim, tags: readonly string[], parts: BringParts): Promise<void> {
  const { document, target, digest } = aim;
  if (digest === undefined) throw new TypeError('nobody has looked what this document deploys');
  if (document.type === 'blob') return bringBlob(aim, digest, parts);
  const { targets, carrier, sources } = parts;
  const { copyFrom } = document;
  const from = copyFrom && targets(copyFrom);
  const read = from === undefined ? carriedBy(document, digest) : await sources.read(from, digest);
  // Where it was read from, it is, with what belongs to it.
  if (from === target && parts.carried(digest) === undefined) target.whole.add(digest);
  await carrier.bring(target, read, tags, lookupOf(document, target, targets));
}

/**
 * The manifest that a document carries.
 * @throws {RegistryError} `MANIFEST_INVALID`.
 */
export function carriedBy({ data, mediaType, refs }: DeployDocument, digest: Digest): ReadManifest {
  const facts = { ...(refs[0] !== undefined && { repository: refs[0].repository }), reference: digest };
  if (data === undefined || mediaType === undefined)
    throw new RegistryError('MANIFEST_INVALID', 'the document has no manifest', facts);
  try {
    const descriptor = { mediaType, digest, size: data.length };
    return { descriptor, bytes: data, manifest: parseManifest(data, mediaType) };
  } catch (error) {
    throw fromInvalid(error, 'MANIFEST_INVALID', facts);
  }
}

async function bringBlob(
  { document: { data, copyFrom }, target }: Aim,
  digest: Digest,
  { carrier, targets, limit, signal, budget }: BringParts,
): Promise<void> {
  const mediaType = mediaTypes.octetStream;
  if (data !== undefined) {
    const carried = { mediaType, digest, size: data.length, data: Buffer.from(data).toString('base64') };
    return carrier.bringBlob(target, carried, target);
  }
  if (copyFrom === undefined || target.blobs.has(digest)) return;
  const from = targets(copyFrom);
  const options = { signal };
  if (from.host === target.host) {
    const mounted = await limit(() =>
      target.registry.mountBlob(target.repository, digest, from.repository, options),
    );
    if (mounted) {
      target.blobs.add(digest);
      return;
    }
    budget.more({ 'HEAD blob': 1, 'POST upload': 1, 'DELETE upload': 1 });
  }
  // Nobody has said how large it is, which has to be known before it is sent.
  const { size } = await limit(() => from.registry.resolveBlob(from.repository, digest, options));
  budget.sized(target, size);
  await carrier.bringBlob(target, { mediaType, digest, size }, from);
}
