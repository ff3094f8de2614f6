import { digestOf, printable, verifiableAlgorithm, type Descriptor, type Digest } from '../../oci/index.ts';
import { errorCode, type Operation } from '../../registry/index.ts';
import type { CacheEvent } from './event.ts';
import type { CachedKind, CachedTag, CacheScope, CacheStore } from './store.ts';

/** Bytes at hand, with what they are. */
export interface Kept {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * What one operation does with the store. Nothing here fails: what goes wrong is told, and after the first failure the
 * store is left alone, so that nothing is written to one that could not be read.
 */
export interface Visit {
  descriptor(kind: CachedKind, digest: Digest): Promise<Descriptor | undefined>;
  /** The bytes of what a descriptor names, verified. */
  content(descriptor: Descriptor): Promise<Uint8Array | undefined>;
  /** Descriptor and bytes, if the repository has a right to them and both are here. */
  kept(kind: CachedKind, digest: Digest): Promise<Kept | undefined>;
  tag(tag: string): Promise<CachedTag | undefined>;
  /** To be called before the registry is asked: without it nothing is learnt. */
  begin(): Promise<void>;
  /** Notes what the registry said. The bytes must have been verified; without any, what is known already stays. */
  learn(kind: CachedKind, descriptor: Descriptor, bytes?: Uint8Array): Promise<void>;
  learnTag(tag: string, value: CachedTag): Promise<void>;
  forgetTag(tag: string): Promise<void>;
  tell(outcome: CacheEvent['outcome'], reason?: unknown): void;
}

/** Whom a visit is for. */
export interface Visitor extends CacheScope {
  readonly operation: Operation['name'];
  readonly reference: string;
}

/** @param contentLimit in bytes: content that has more is not kept */
export function createVisit(
  store: CacheStore,
  { namespace, repository, operation, reference }: Visitor,
  contentLimit: number,
  onEvent: (event: CacheEvent) => void,
): Visit {
  const scope: CacheScope = { namespace, repository };
  let epoch: string | undefined;
  let failed = false;

  const ask = async <T>(access: () => Promise<T>): Promise<T | undefined> => {
    if (failed) return undefined;
    try {
      return await access();
    } catch (error) {
      const corrupt = errorCode(error) === 'BLOB_CORRUPT';
      failed = !corrupt;
      visit.tell(corrupt ? 'corrupt' : 'error', error);
      return undefined;
    }
  };

  const visit: Visit = {
    async descriptor(kind, digest) {
      const known = await ask(() => store.descriptor(scope, kind, digest));
      return known?.digest === digest ? known : undefined;
    },
    async content({ digest, size }) {
      const bytes = await ask(() => store.content(namespace, digest, size));
      if (bytes === undefined || isContent(bytes, digest, size)) return bytes;
      visit.tell('corrupt', `${digest} is not what was kept as it`);
      await ask(() => store.clearContent(namespace, digest));
      return undefined;
    },
    async kept(kind, digest) {
      const descriptor = await visit.descriptor(kind, digest);
      const bytes = descriptor && (await visit.content(descriptor));
      if (descriptor === undefined || bytes === undefined) return undefined;
      // Bytes of one repository may meet the descriptor of another, of which only a header was seen so far.
      const believed = kind === 'blobs' || !contradicts(bytes, descriptor.mediaType);
      return believed ? { descriptor, bytes } : undefined;
    },
    tag: (tag) => ask(() => store.tag(scope, tag)),
    async begin() {
      epoch = await ask(() => store.epoch(scope));
    },
    async learn(kind, descriptor, bytes) {
      const { digest } = descriptor;
      // What was measured counts for more than what a registry says in a header.
      if (bytes === undefined && (await visit.descriptor(kind, digest)) !== undefined) return;
      const during = epoch;
      if (during === undefined) return;
      if (bytes !== undefined && bytes.length <= contentLimit)
        await ask(() => store.setContent(namespace, digest, bytes));
      // Last, as it is what gives the right to the content.
      await ask(() => store.setDescriptor(scope, kind, digest, descriptor, during));
    },
    async learnTag(tag, value) {
      const during = epoch;
      if (during !== undefined) await ask(() => store.setTag(scope, tag, value, during));
    },
    async forgetTag(tag) {
      await ask(() => store.clearTag(scope, tag));
    },
    tell(outcome, reason) {
      onEvent({
        type: 'cache',
        outcome,
        namespace,
        operation,
        repository,
        reference,
        ...(reason !== undefined && { reason: reasonOf(reason) }),
      });
    },
  };
  return visit;
}

/** Whether a document says itself that it is something else; most say what they are. */
function contradicts(bytes: Uint8Array, mediaType: string): boolean {
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof document !== 'object' || document === null || !('mediaType' in document)) return false;
    return document.mediaType !== mediaType;
  } catch {
    return false;
  }
}

/** What an error says, in one line. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 300);
}

/** Whether these are the bytes of that digest. */
export function isContent(bytes: Uint8Array, digest: Digest, size: number): boolean {
  const algorithm = verifiableAlgorithm(digest);
  return bytes.length === size && algorithm !== undefined && digestOf(bytes, algorithm) === digest;
}
