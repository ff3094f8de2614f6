import { mediaTypes, parseManifest, type Digest } from '../../oci/index.ts';
import { fromInvalid, RegistryError } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { DeployTask } from './task.ts';
import type { TreeCopier } from './copy-tree.ts';
import type { DeployDocument } from './document.ts';
import { lookupOf } from './child-places.ts';
import type { DeployContext } from './context.ts';
import type { Sources } from './manifest-reader.ts';
import type { Targets } from './target.ts';

/** With what tasks are performed. */
export interface PerformContext extends DeployContext {
  readonly targets: Targets;
  readonly copier: TreeCopier;
  readonly sources: Sources;
}

/**
 * Makes what a task wants be so.
 * @param tags those of its tags that are something else so far
 * @throws {RegistryError} what reading and writing fail with; `MANIFEST_INVALID` for a manifest that is none.
 */
export async function performTask(
  task: DeployTask,
  tags: readonly string[],
  parts: PerformContext,
): Promise<void> {
  const { document, target, digest } = task;
  if (digest === undefined) throw new TypeError('nobody has looked what this document deploys');
  if (document.type === 'blob') return bringBlob(task, digest, parts);
  const { targets, copier, sources } = parts;
  const { copyFrom } = document;
  const from = copyFrom && targets(copyFrom);
  const read = from === undefined ? carriedBy(document, digest) : await sources.read(from, digest);
  // A digest that somebody asked for is taken for all of it as soon as it answers.
  const mayTry = task.refs.every(({ tag }) => tag !== undefined);
  await copier.bring(target, read, { tags, mayTry }, lookupOf(document, target, targets));
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
  { document: { data, copyFrom }, target }: DeployTask,
  digest: Digest,
  { copier, targets, limit, signal, budget }: PerformContext,
): Promise<void> {
  const mediaType = mediaTypes.octetStream;
  if (data !== undefined) {
    const carried = { mediaType, digest, size: data.length, data: Buffer.from(data).toString('base64') };
    return copier.bringBlob(target, carried, target);
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
  await copier.bringBlob(target, { mediaType, digest, size }, from);
}
