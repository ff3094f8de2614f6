import {
  childBlobs,
  childManifests,
  isImageType,
  isIndexType,
  isNonDistributable,
  printable,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
} from '../../oci/index.ts';
import { isNotFound, isRegistryError, RegistryError } from '../../registry/index.ts';
import { learnFrom, refusalOf, type Refusal } from '../copy/refusal.ts';
import { sendBlob } from '../copy/send-blob.ts';
import type { ReadManifest } from '../document.ts';
import type { Lookup } from './child-places.ts';
import { settleAll, type DeployContext } from './context.ts';
import type { Pusher } from './push.ts';
import type { Sources } from './manifest-reader.ts';
import type { Target } from './target.ts';
import type { Wholeness } from './wholeness.ts';

/** Brings manifests and blobs into repositories. */
export interface TreeCopier {
  /**
   * Makes a manifest be at a target, with everything below it, and tags point at it. The children are sent where the
   * target refuses it without them; before it, where the target might not.
   *
   * Blobs are not asked for before they are sent, however large they are: the request that starts an upload offers to
   * mount them, also from the repository that they go to, so it asks as well, and takes no bytes where they are there.
   * A HEAD before it would be one request more for each that is not, and none less for one that is.
   * @throws {RegistryError} what reading and writing fail with.
   */
  bring(target: Target, read: ReadManifest, naming: Naming, lookup: Lookup): Promise<void>;
  /** Makes a blob be at a target. */
  bringBlob(target: Target, descriptor: Descriptor, from: Target): Promise<void>;
}

/** Under which names a manifest is to be. */
export interface Naming {
  readonly tags: readonly string[];
  /**
   * It may be given by its digest to a registry that might take it without its children, so as to learn whether that
   * refuses it: nobody wants it by its digest alone, who would take it for whole.
   */
  readonly mayTry: boolean;
}

/** What a child is, as nobody gave it a name. */
const UNNAMED: Naming = { tags: [], mayTry: false };

/** A manifest on its way. */
interface Way {
  readonly target: Target;
  readonly read: ReadManifest;
  readonly lookup: Lookup;
  /** Where it was found. */
  readonly from: Target;
}

export interface TreeCopierContext extends DeployContext {
  readonly sources: Sources;
  readonly wholeness: Wholeness;
  readonly pusher: Pusher;
}

export function createTreeCopier(parts: TreeCopierContext): TreeCopier {
  const { limit, signal, budget, sources, pusher, wholeness } = parts;
  const once = createOnce((target, digest) => budget.forget(target, digest));

  const bringBlob: TreeCopier['bringBlob'] = async (target, descriptor, from) => {
    const { digest, mediaType } = descriptor;
    if (isNonDistributable(mediaType) || target.blobs.has(digest)) return;
    await once(target, 'blob', digest, async () => {
      const sent = await limit(() => sendBlob(from, target, descriptor, signal)).catch((error: unknown) => {
        throw placeless(error, target, from);
      });
      // A mount that was refused.
      if (sent && from.registry === target.registry && from !== target)
        budget.more({ 'GET blob': 1, 'PUT upload': 1 });
      target.blobs.add(digest);
    });
  };

  /** @param asks whether the child may be there, so that it is worth a question */
  const bringChild = async (
    target: Target,
    child: Descriptor,
    from: Target,
    { lookup, asks }: { readonly lookup: Lookup; readonly asks: boolean },
  ): Promise<void> => {
    const { digest, mediaType } = child;
    if (target.whole.has(digest)) return;
    let isBlob = false;
    await once(target, 'manifest', digest, async () => {
      if (asks && isAskable(target, child) && (await wholeness.isThere(target, child))) return;
      let read: ReadManifest;
      try {
        read = await sources.read(from, digest, child);
      } catch (error) {
        // An index may list what is no manifest; then it is a blob.
        isBlob = isNotFound(error) && !isIndexType(mediaType) && !isImageType(mediaType);
        if (isBlob) return;
        throw placeless(error, target, from);
      }
      // Only a digest that was checked keeps an index from listing itself, or others without end.
      if (read.manifest.kind === 'index' && verifiableAlgorithm(digest) === undefined)
        throw new RegistryError(
          'MANIFEST_INVALID',
          `an index lists the index ${printable(digest, 160)}, whose digest cannot be checked: it might go in a circle`,
          { repository: from.repository, reference: digest },
        );
      await place({ target, read, lookup, from }, UNNAMED);
    });
    if (isBlob) await bringBlob(target, child, from);
  };

  /** Whether asking for a manifest may save bringing it: not for an index of which each image would be asked for too. */
  const isAskable = (target: Target, { mediaType }: Descriptor): boolean =>
    isImageType(mediaType) || wholeness.verifies(target, 'index');

  /** Makes the children of a manifest be there. */
  const fill = async (
    { target, read: { manifest, descriptor }, lookup, from }: Way,
    asks: boolean,
    missing?: ReadonlySet<Digest>,
  ): Promise<void> => {
    const wanted = ({ digest }: Descriptor): boolean => missing?.has(digest) ?? true;
    const [blobs, manifests] = [childBlobs(manifest), childManifests(manifest)];
    budget.children(target, descriptor.digest, { blobs, manifests }, (child) => lookup.placeOf(child, from));
    await settleAll([
      ...blobs.filter(wanted).map((blob) => bringBlob(target, blob, lookup.placeOf(blob, from))),
      ...manifests
        .filter(wanted)
        .map((child) => bringChild(target, child, lookup.placeOf(child, from), { lookup, asks })),
    ]);
  };

  /** Pushes a manifest as if its children were there. @returns what is missing, if it was refused for that */
  const attempt = async ({ target, read }: Way, tags: readonly string[]): Promise<Refusal | undefined> => {
    try {
      await pusher.push(target, read, tags);
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error, read.manifest);
      if (refusal === undefined) throw error;
      learnFrom(refusal, target.registry, read.manifest);
      if (!refusal.named) return refusal;
      // The registry has to know, whatever this run thought.
      for (const digest of refusal.missing)
        if (target.whole.delete(digest) || target.blobs.delete(digest)) budget.forget(target, digest);
      return refusal;
    }
  };

  /** Pushes a manifest whose children are there, as far as the target has said. */
  const pushFilled = async (way: Way, tags: readonly string[]): Promise<void> => {
    const refusal = await attempt(way, tags);
    if (refusal === undefined) return;
    // With its children there, it was refused for something else.
    if (!refusal.certain) throw refusal.error;
    // Some registries name one missing child at a time. Now all go that are not known to be there, and then it counts.
    budget.more({ 'PUT manifest': 1 });
    await fill(way, true);
    await pusher.push(way.target, way.read, tags);
  };

  const place = async (way: Way, { tags, mayTry }: Naming): Promise<void> => {
    const { target, read } = way;
    const { manifest } = read;
    const sure = wholeness.verifies(target, manifest.kind);
    const isUnknown = ({ digest, mediaType }: Descriptor): boolean =>
      !target.whole.has(digest) && !target.blobs.has(digest) && !isNonDistributable(mediaType);
    const children = [...childBlobs(manifest), ...childManifests(manifest)];
    // The first image of a repository lacks its layers: that it would be refused is no news. And one that was taken
    // without them would answer like any other, and be pulled.
    const isTryable = sure ? tags.length > 0 || target.inhabited : mayTry && manifest.kind === 'index';
    const tries = children.some(isUnknown) && isTryable;
    if (!tries) {
      await fill(way, target.inhabited);
      await pushFilled(way, tags);
    } else {
      // By its digest alone, where the target might take it without its children: no tag is to point at half of it.
      const refusal = await attempt(way, sure ? tags : []);
      if (refusal !== undefined) await fill(way, !refusal.named, refusal.missing);
      else if (!sure) await fill(way, true);
      if (refusal !== undefined || !sure) await pushFilled(way, tags);
    }
    target.whole.add(read.descriptor.digest);
    for (const { digest } of childManifests(manifest)) target.whole.add(digest);
    for (const { digest } of childBlobs(manifest)) target.blobs.add(digest);
  };

  return {
    bringBlob,
    async bring(target, read, naming, lookup) {
      const { digest } = read.descriptor;
      let left = naming.tags;
      while (!target.whole.has(digest)) {
        let own = false;
        const bringing = once(target, 'manifest', digest, async () => {
          own = true;
          await place({ target, read, lookup, from: lookup.start }, naming);
          left = [];
        });
        // Whoever else was bringing it, as a child of something, may have looked for its children elsewhere.
        await bringing.catch((error: unknown) => {
          if (own) throw error;
        });
      }
      if (left.length > 0) await pusher.push(target, read, left);
    },
  };
}

/** What several want is done for all of them by the first. */
function createOnce(
  failed: (target: Target, digest: Digest) => void,
): (target: Target, kind: string, digest: Digest, move: () => Promise<void>) => Promise<void> {
  const moving = new Map<Target, Map<string, Promise<void>>>();
  return (target, kind, digest, move) => {
    const under = moving.get(target) ?? new Map<string, Promise<void>>();
    moving.set(target, under);
    const key = `${kind} ${digest}`;
    const known = under.get(key);
    if (known !== undefined) return known;
    const moved = move()
      .catch((error: unknown) => {
        // Another document may know another place to look.
        failed(target, digest);
        throw error;
      })
      .finally(() => under.delete(key));
    under.set(key, moved);
    return moved;
  };
}

/** Says what can be done about a child that is not there, when nobody said where else it is. */
function placeless(error: unknown, target: Target, from: Target): unknown {
  if (from !== target || !isNotFound(error) || !isRegistryError(error)) return error;
  const { code, message, status, repository, reference } = error;
  return new RegistryError(code, `${message}; lookup does not say where else it is to be found`, {
    ...(status !== undefined && { status }),
    ...(repository !== undefined && { repository }),
    ...(reference !== undefined && { reference }),
    cause: error,
  });
}
