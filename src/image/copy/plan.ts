import {
  childBlobs,
  childManifests,
  isDigest,
  isNonDistributable,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
} from '../../oci/index.ts';
import { planOf, type Plan, type RequestLabel } from '../../plan/index.ts';
import type { ReadManifest } from '../document.ts';
import { attestedBy } from '../synthesize.ts';
import type { CopyOptions, CopyPlace, CopyStage } from './options.ts';
import type { Referrers } from './referrers.ts';
import { readChild, type Transfer } from './transfer.ts';

/** Plans a copy while it goes on. What has to be read for that is read anyway, and once. */
export interface CopyPlanner {
  /** @param target whether it may be asked what it has */
  asking(target: boolean): void;
  /** The entries of an index are told apart by platform, which some do not say. */
  platforms(source: ReadManifest): void;
  /** What refers to the image is going to be sent as well. */
  referrers(found: Referrers): Promise<void>;
  trying(manifest: ReadManifest): void;
  /** @param missing what the target has not, of the children; all, unless told */
  sending(manifest: ReadManifest, missing?: ReadonlySet<Digest>): Promise<void>;
  /** Nothing but what refers to the image is sent. */
  skipping(): void;
  refused(manifest: ReadManifest, missing: ReadonlySet<Digest>): Promise<void>;
}

/**
 * Prepares to plan a copy.
 * @param read of the transfer, which keeps what it has read until that was copied
 */
export function createPlanner(
  from: CopyPlace,
  read: Transfer['read'],
  { onPlan = () => {}, requestsToSend = () => 1 }: Pick<CopyOptions, 'onPlan' | 'requestsToSend'>,
): CopyPlanner {
  const [source, target] = [createCosts(), createCosts()];
  /** What is read, and what is sent, is so once. */
  const [readOnce, sentOnce] = [new Set<Digest>(), new Set<Digest>()];
  const tell = (stage: CopyStage): void => onPlan({ from: source.plan, to: target.plan }, stage);

  const addRead = ({ digest, data }: Descriptor): void => {
    if (data == null && !readOnce.has(digest)) source.add('GET manifest');
    readOnce.add(digest);
  };
  const addBlob = ({ digest, mediaType, size, data }: Descriptor, sent: Set<Digest>): void => {
    if (isNonDistributable(mediaType) || sent.has(digest)) return;
    sent.add(digest);
    if (data == null) source.add('GET blob');
    // The question whether it is there starts its upload.
    target.add('POST upload');
    target.add('PATCH upload', requestsToSend(size) - 1);
    target.add('PUT upload');
  };
  const addPush = ({ descriptor, manifest }: ReadManifest): void => {
    // A digest that registries do not work out themselves goes before the tag, with it, and then without.
    target.add('PUT manifest', verifiableAlgorithm(descriptor.digest) === 'sha256' ? 1 : 3);
    if (manifest.subject == null) return;
    // Where there is no API for it, the subject's list of referrers is read and written.
    target.add('GET manifest');
    target.add('PUT manifest');
  };
  const addChildren = async (
    { manifest }: ReadManifest,
    sent: Set<Digest>,
    missing?: ReadonlySet<Digest>,
  ): Promise<void> => {
    const isMissing = ({ digest }: Descriptor): boolean => missing?.has(digest) ?? true;
    for (const blob of childBlobs(manifest).filter(isMissing)) addBlob(blob, sent);
    const children = childManifests(manifest).filter((child) => isMissing(child) && !sent.has(child.digest));
    await Promise.all(
      children.map(async (descriptor) => {
        addRead(descriptor);
        const child = await readChild(read, descriptor);
        if (child === undefined) return addBlob(descriptor, sent);
        if (sent.has(descriptor.digest)) return;
        sent.add(descriptor.digest);
        addPush(child);
        await addChildren(child, sent);
      }),
    );
  };

  return {
    asking(asksTarget) {
      const reference = from.digest ?? from.tag ?? 'latest';
      // What a tag pointed at the last time may have been kept: then it is asked whether it still does.
      if (!isDigest(reference)) source.add('HEAD manifest');
      source.add('GET manifest');
      if (asksTarget) target.add('HEAD manifest');
      // ECR, for one, does not say in answer to a HEAD what the digest is.
      if (asksTarget) target.add('GET manifest');
      tell('asking');
    },
    platforms({ manifest }) {
      const unknown =
        manifest.kind === 'index'
          ? manifest.document.manifests.filter(
              (entry) => entry.platform == null && attestedBy(entry) === undefined,
            )
          : [];
      unknown.forEach(addRead);
      // The configs say it.
      const configs = manifest.kind === 'index' ? unknown.length : 1;
      if (configs === 0) return;
      source.add('GET blob', configs);
      tell('asking');
    },
    async referrers({ found, subjects }) {
      source.add('GET referrers', subjects);
      // Where there is no API for them, a tag is read.
      source.add('GET manifest', subjects);
      for (const referrer of found) {
        addRead(referrer.descriptor);
        await addChildren(referrer, sentOnce);
        addPush(referrer);
      }
    },
    trying(manifest) {
      addPush(manifest);
      tell('trying');
    },
    async sending(manifest, missing) {
      await addChildren(manifest, sentOnce, missing);
      addPush(manifest);
      tell('sending');
    },
    skipping: () => tell('sending'),
    async refused(manifest, missing) {
      for (const digest of missing) readOnce.delete(digest);
      await addChildren(manifest, new Set(), missing);
      addPush(manifest);
      tell('refused');
    },
  };
}

/** Numbers of requests at one end. */
interface Costs {
  add(label: RequestLabel, requests?: number): void;
  readonly plan: Plan;
}

function createCosts(): Costs {
  const requests = new Map<RequestLabel, number>();
  return {
    add: (label, more = 1) => void requests.set(label, (requests.get(label) ?? 0) + more),
    get plan() {
      return planOf(Object.fromEntries(requests));
    },
  };
}
