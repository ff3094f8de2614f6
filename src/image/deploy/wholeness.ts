import {
  childBlobs,
  childManifests,
  isImageType,
  isIndexType,
  isNonDistributable,
  verifiableAlgorithm,
  type Descriptor,
  type Manifest,
} from '../../oci/index.ts';
import { isAbsent } from '../absent.ts';
import { verifiedKinds } from '../copy/refusal.ts';
import type { DeployContext } from './context.ts';
import type { Sources } from './manifest-reader.ts';
import { nameOf, type Target } from './target.ts';

/**
 * Finds out whether manifests are there with all below them.
 *
 * A tag proves it, as tags are set last. A digest that answers proves it where the registry refuses manifests whose
 * children are missing. Elsewhere it may have been left by a run that was ended, or by somebody else: then its children
 * are asked for, down to the last.
 */
export interface Wholeness {
  /** The target refuses manifests of a kind whose children are missing. */
  verifies(target: Target, kind: Manifest['kind']): boolean;
  /** Whether a manifest is at a target, and whole. */
  isThere(target: Target, descriptor: Descriptor): Promise<boolean>;
  /** Whether a manifest is whole that answered by its digest. */
  isWhole(target: Target, descriptor: Descriptor): Promise<boolean>;
}

export interface WholenessContext extends DeployContext {
  readonly sources: Sources;
}

export function createWholeness(parts: WholenessContext): Wholeness {
  const { limit, signal, budget, sources } = parts;
  const looking = new Map<string, Promise<boolean>>();

  const verifies: Wholeness['verifies'] = (target, kind) =>
    parts.verifies(target) || verifiedKinds(target.registry)?.has(kind) === true;

  const isBlobThere = async (target: Target, { digest, mediaType }: Descriptor): Promise<boolean> => {
    if (target.blobs.has(digest) || isNonDistributable(mediaType)) return true;
    budget.more({ 'HEAD blob': 1 });
    const answered = await answers(() =>
      limit(() => target.registry.resolveBlob(target.repository, digest, { signal })),
    );
    if (answered) target.blobs.add(digest);
    return answered;
  };

  const isThere: Wholeness['isThere'] = async (target, descriptor) => {
    const { digest } = descriptor;
    if (target.whole.has(digest)) return true;
    budget.more({ 'HEAD manifest': 1 });
    const answered = await answers(() =>
      limit(() => target.registry.resolveManifest(target.repository, digest, { signal })),
    );
    if (answered) return isWhole(target, descriptor);
    // An index may list what is no manifest; then it is a blob.
    return kindOf(descriptor.mediaType) === 'opaque' && isBlobThere(target, descriptor);
  };

  const look = async (target: Target, descriptor: Descriptor): Promise<boolean> => {
    budget.reads(descriptor.digest);
    let manifest: Manifest | undefined;
    // Between two answers it may have been deleted.
    if (
      !(await answers(async () => ({ manifest } = await sources.read(target, descriptor.digest, descriptor))))
    )
      return false;
    if (manifest === undefined) return false;
    // Only a digest that was checked keeps an index from listing itself, or others without end.
    if (manifest.kind === 'index' && verifiableAlgorithm(descriptor.digest) === undefined) return false;
    const all = await Promise.all([
      ...childBlobs(manifest).map((blob) => isBlobThere(target, blob)),
      ...childManifests(manifest).map((child) => isThere(target, child)),
    ]);
    return all.every(Boolean);
  };

  const isWhole: Wholeness['isWhole'] = async (target, descriptor) => {
    const { digest, mediaType } = descriptor;
    if (target.whole.has(digest)) return true;
    if (!verifies(target, kindOf(mediaType))) {
      const name = `${nameOf(target)}@${digest}`;
      const under = looking.get(name) ?? look(target, descriptor).finally(() => looking.delete(name));
      looking.set(name, under);
      if (!(await under)) return false;
    }
    target.whole.add(digest);
    return true;
  };

  return { verifies, isThere, isWhole };
}

function kindOf(mediaType: string): Manifest['kind'] {
  if (isIndexType(mediaType)) return 'index';
  return isImageType(mediaType) ? 'image' : 'opaque';
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
