import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
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
import { isNotFound, RegistryError, type PushManifestOptions } from '../../registry/index.ts';
import { readManifest, type ReadManifest } from '../document.ts';
import type { CopyOptions, CopyPlace, CopyStep, SkipReason } from './options.ts';
import { refusalOf, type Refusal } from './refusal.ts';
import { sendBlob } from './send-blob.ts';

const CONCURRENCY = 24;

/** One copy under way: things move from place to place, each once. */
export interface Transfer {
  readonly from: CopyPlace;
  readonly to: CopyPlace;
  readonly sent: { manifests: number; blobs: number; bytes: number };
  /** Reads a manifest of the source, once. */
  read(reference: string, expected?: Descriptor): Promise<ReadManifest>;
  /**
   * Makes the children of a manifest be there, and theirs.
   * @param missing those that are not there, where the target has named them; the others are then
   */
  fill(read: ReadManifest, missing?: ReadonlySet<Digest>): Promise<void>;
  /** Pushes a manifest whose children are there; if the target misses some all the same, sends them and tries again. */
  push(read: ReadManifest, options: Omit<PushManifestOptions, 'mediaType' | 'signal'>): Promise<void>;
  /** Pushes a manifest as if its children were there. @returns what is missing, if the target refused it for that. */
  attempt(
    read: ReadManifest,
    options: Omit<PushManifestOptions, 'mediaType' | 'signal'>,
  ): Promise<Refusal | undefined>;
  skip(step: CopyStep, reason: SkipReason): Promise<void>;
  /** Ends what is under way, and waits until it has: nothing is written any more when it returns. */
  stop(reason: unknown): Promise<void>;
}

/**
 * Starts a copy.
 * @param refused is called when the target misses what it had, or was sent, a moment ago; before that is sent again
 */
export function createTransfer(
  from: CopyPlace,
  to: CopyPlace,
  options: CopyOptions,
  refused?: (read: ReadManifest, missing: ReadonlySet<Digest>) => Promise<void>,
): Transfer {
  const { signal, concurrency = CONCURRENCY, before, after } = options;
  const ending = new AbortController();
  const aborting = {
    signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
  };
  // It stands over all that is under way at a time, which Node would take for a leak.
  setMaxListeners(0, aborting.signal);
  const limit = pLimit(concurrency);
  const running = new Set<Promise<unknown>>();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    limit(async () => {
      const asked = work();
      running.add(asked);
      try {
        return await asked;
      } finally {
        running.delete(asked);
      }
    });
  const under = new Map<Digest, Promise<void>>();
  const sent = { manifests: 0, blobs: 0, bytes: 0 };

  // A blob, or a manifest, that several manifests share is sent for all of them by the first.
  const once = (digest: Digest, move: () => Promise<void>): Promise<void> => {
    const moving = under.get(digest) ?? move();
    under.set(digest, moving);
    return moving;
  };
  const skip = async (step: CopyStep, reason: SkipReason): Promise<void> => {
    await options.skipped?.(step, reason);
  };
  const documents = new Map<string, Promise<ReadManifest>>();
  // Platforms are looked for in manifests that are copied afterwards.
  const read: Transfer['read'] = (reference, expected) => {
    const reading =
      documents.get(reference) ??
      inTurn(() =>
        readManifest(from.registry, from.repository, reference, {
          ...aborting,
          ...(expected !== undefined && { expected }),
        }),
      );
    documents.set(reference, reading);
    return reading;
  };

  const moveBlob = async (descriptor: Descriptor): Promise<void> => {
    const step: CopyStep = { kind: 'blob', descriptor };
    if (isNonDistributable(descriptor.mediaType)) return skip(step, 'non-distributable');
    if ((await before?.(step)) === false) return skip(step, 'refused');
    const coming = options.coming && ((bytes: number): void => options.coming?.(step, bytes));
    const opened = await inTurn(() => sendBlob(from, to, descriptor, aborting.signal, coming));
    if (!opened) return skip(step, 'present');
    sent.blobs++;
    sent.bytes += descriptor.size;
    await after?.(step);
  };

  const moveManifest = async (descriptor: Descriptor): Promise<void> => {
    const manifest = await readChild(read, descriptor);
    if (manifest === undefined) return moveBlob(descriptor);
    // Only a digest that was checked keeps an index from listing itself, or others without end.
    if (manifest.manifest.kind === 'index' && verifiableAlgorithm(descriptor.digest) === undefined)
      throw new RegistryError(
        'MANIFEST_INVALID',
        `an index lists the index ${printable(descriptor.digest, 160)}, whose digest cannot be checked: it might go in a circle`,
        { repository: from.repository, reference: descriptor.digest },
      );
    await transfer.fill(manifest);
    await transfer.push(manifest, { digest: descriptor.digest });
    documents.delete(descriptor.digest);
  };

  const send = async (
    { bytes, descriptor }: ReadManifest,
    push: Omit<PushManifestOptions, 'mediaType' | 'signal'>,
  ): Promise<void> => {
    const step: CopyStep = { kind: 'manifest', descriptor };
    if ((await before?.(step)) === false) return skip(step, 'refused');
    await inTurn(() =>
      to.registry.pushManifest(to.repository, bytes, {
        mediaType: descriptor.mediaType,
        ...push,
        ...aborting,
      }),
    );
    sent.manifests++;
    sent.bytes += descriptor.size;
    await after?.(step);
  };

  const transfer: Transfer = {
    from,
    to,
    sent,
    read,
    skip,
    async stop(reason) {
      limit.clearQueue();
      ending.abort(reason);
      await Promise.allSettled(running);
    },
    async fill({ manifest }, missing) {
      const isMissing = ({ digest }: Descriptor): boolean => missing?.has(digest) ?? true;
      await Promise.all([
        ...childBlobs(manifest)
          .filter(isMissing)
          .map((blob) => once(blob.digest, () => moveBlob(blob))),
        ...childManifests(manifest)
          .filter(isMissing)
          .map((child) => once(child.digest, () => moveManifest(child))),
      ]);
    },
    async attempt(manifest, push) {
      try {
        await send(manifest, push);
        return undefined;
      } catch (error) {
        const refusal = refusalOf(error, manifest.manifest);
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
    async push(manifest, push) {
      const refusal = await transfer.attempt(manifest, push);
      if (refusal === undefined) return;
      // With its children there, it was refused for something else.
      if (!refusal.certain) throw refusal.error;
      // It was there a moment ago, or so the target had said: it is sent once more, and then the refusal counts.
      for (const digest of refusal.missing) under.delete(digest);
      await refused?.(manifest, refusal.missing);
      await transfer.fill(manifest, refusal.missing);
      await send(manifest, push);
    },
  };
  return transfer;
}

/** Reads what an index lists. @returns undefined if that is no manifest: then it is a blob. */
export async function readChild(
  read: Transfer['read'],
  descriptor: Descriptor,
): Promise<ReadManifest | undefined> {
  try {
    return await read(descriptor.digest, descriptor);
  } catch (error) {
    if (!isNotFound(error) || isIndexType(descriptor.mediaType) || isImageType(descriptor.mediaType))
      throw error;
    return undefined;
  }
}
