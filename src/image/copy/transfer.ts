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
import {
  isMissingChild,
  isNotFound,
  isRegistryError,
  missingDigests,
  RegistryError,
  type PushManifestOptions,
  type Source,
} from '../../registry/index.ts';
import { readManifest, type ReadManifest } from '../document.ts';
import type { CopyOptions, CopyPlace, CopyStep, SkipReason } from './options.ts';

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
  ): Promise<ReadonlySet<Digest> | undefined>;
  skip(step: CopyStep, reason: SkipReason): Promise<void>;
  /** Ends what is under way. */
  stop(reason: unknown): void;
}

export function createTransfer(from: CopyPlace, to: CopyPlace, options: CopyOptions): Transfer {
  const { signal, concurrency = CONCURRENCY, before, after } = options;
  const ending = new AbortController();
  const aborting = {
    signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
  };
  const limit = pLimit(concurrency);
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
      limit(() =>
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
    let opened = false;
    const source: Source = {
      async open(offset, wanted = aborting.signal) {
        opened = true;
        if (descriptor.data != null) return Buffer.from(descriptor.data, 'base64').subarray(offset);
        // A part cannot be verified by itself. It is what is missing in an upload that broke off, and the target
        // verifies the whole when that is committed.
        const range = offset > 0 ? { range: { start: offset } } : {};
        return from.registry.getBlob(from.repository, descriptor.digest, { ...range, signal: wanted });
      },
    };
    // Asking for a mount costs nothing: it is the request that starts an upload. Inside one registry it saves the
    // bytes; from the target to itself it is the question whether the blob is there.
    const mountFrom = from.registry === to.registry ? from.repository : to.repository;
    await limit(() => to.registry.pushBlob(to.repository, descriptor, source, { mountFrom, ...aborting }));
    if (!opened) return skip(step, 'present');
    sent.blobs++;
    sent.bytes += descriptor.size;
    await after?.(step);
  };

  const moveManifest = async (descriptor: Descriptor): Promise<void> => {
    let manifest: ReadManifest;
    try {
      manifest = await read(descriptor.digest, descriptor);
    } catch (error) {
      // An index may list what is no manifest; then it is a blob.
      if (!isNotFound(error) || isIndexType(descriptor.mediaType) || isImageType(descriptor.mediaType))
        throw error;
      return moveBlob(descriptor);
    }
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
    await limit(() =>
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
    stop(reason) {
      limit.clearQueue();
      ending.abort(reason);
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
        if (!isMissingChild(error) || !isRegistryError(error)) throw error;
        const named = missingDigests(error);
        const children = [...childBlobs(manifest.manifest), ...childManifests(manifest.manifest)].map(
          ({ digest }) => digest,
        );
        // A registry that names none, or others than ours, has only told us that something is missing.
        const missing = children.filter((digest) => named.includes(digest));
        return new Set(missing.length > 0 ? missing : children);
      }
    },
    async push(manifest, push) {
      const missing = await transfer.attempt(manifest, push);
      if (missing === undefined) return;
      // It was there a moment ago, or so the target had said: it is sent once more, and then the refusal counts.
      for (const digest of missing) under.delete(digest);
      await transfer.fill(manifest, missing);
      await send(manifest, push);
    },
  };
  return transfer;
}
