import { verifiableAlgorithm, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  checkReference,
  checkRepository,
  contentOfBytes,
  createSingleFlight,
  isNotFound,
  type Content,
  type Next,
  type Operation,
} from '../../registry/index.ts';
import type { Shared } from './shared.ts';
import type { CachedTag } from './store.ts';
import type { Kept, Visit } from './visit.ts';

type Get = Extract<Operation, { name: 'getManifest' }>;
type Resolve = Extract<Operation, { name: 'resolveManifest' }>;

/** Reads of manifests. */
export interface ManifestReads {
  getManifest(operation: Get, next: Next): Promise<Content>;
  resolveManifest(operation: Resolve, next: Next): Promise<Descriptor>;
}

export function manifestReads(shared: Shared): ManifestReads {
  const gets = createSingleFlight<Kept>();
  const resolves = createSingleFlight<Descriptor>();
  const isFresh = ({ at }: CachedTag): boolean => {
    const age = shared.now() - at;
    return age >= 0 && age < shared.tagLifetime;
  };
  const noteTag = async (visit: Visit, tag: string, digest: Digest, known?: CachedTag): Promise<void> => {
    // Where tags are never believed, the time at which one was seen need not be written down each time.
    if (known?.digest === digest && shared.tagLifetime === 0) return;
    await visit.learnTag(tag, { digest, at: shared.now() });
  };
  const orForget = async <T>(
    asking: Promise<T>,
    visit: Visit,
    tag: string,
    known?: CachedTag,
  ): Promise<T> => {
    try {
      return await asking;
    } catch (error) {
      if (known !== undefined && isNotFound(error)) await visit.forgetTag(tag);
      throw error;
    }
  };
  const fetchManifest = async (operation: Get, next: Next, visit: Visit): Promise<Kept> => {
    const content = await next(operation);
    const { descriptor } = content;
    const bytes = await content.bytes();
    await visit.learn('manifests', descriptor, bytes);
    return { descriptor, bytes };
  };

  async function byDigest(operation: Get, next: Next, digest: Digest): Promise<Kept> {
    const visit = shared.visit(operation.name, operation.repository, digest);
    const kept = await visit.kept('manifests', digest);
    visit.tell(kept === undefined ? 'miss' : 'hit');
    if (kept !== undefined) return kept;
    await visit.begin();
    return fetchManifest(operation, next, visit);
  }

  async function byTag(operation: Get, next: Next, tag: string): Promise<Kept> {
    const visit = shared.visit(operation.name, operation.repository, tag);
    const known = await visit.tag(tag);
    const kept = known && (await visit.kept('manifests', known.digest));
    if (kept && isFresh(known)) {
      visit.tell('hit');
      return kept;
    }
    await visit.begin();
    if (kept) {
      const { digest } = await orForget(next({ ...operation, name: 'resolveManifest' }), visit, tag, known);
      const current = digest === known.digest ? kept : await visit.kept('manifests', digest);
      if (current !== undefined) {
        visit.tell('revalidated');
        await noteTag(visit, tag, digest, known);
        return current;
      }
    }
    visit.tell('miss');
    const fetched = await orForget(fetchManifest(operation, next, visit), visit, tag, known);
    await noteTag(visit, tag, fetched.descriptor.digest, known);
    return fetched;
  }

  async function resolveDigest(operation: Resolve, next: Next, digest: Digest): Promise<Descriptor> {
    const visit = shared.visit(operation.name, operation.repository, digest);
    const known = await visit.descriptor('manifests', digest);
    visit.tell(known === undefined ? 'miss' : 'hit');
    if (known !== undefined) return known;
    await visit.begin();
    const descriptor = await next(operation);
    await visit.learn('manifests', descriptor);
    return descriptor;
  }

  async function resolveTag(operation: Resolve, next: Next, tag: string): Promise<Descriptor> {
    const visit = shared.visit(operation.name, operation.repository, tag);
    const known = await visit.tag(tag);
    const believed = known && isFresh(known) && (await visit.descriptor('manifests', known.digest));
    if (believed) {
      visit.tell('hit');
      return believed;
    }
    await visit.begin();
    visit.tell('miss');
    const descriptor = await orForget(next(operation), visit, tag, known);
    await visit.learn('manifests', descriptor);
    await noteTag(visit, tag, descriptor.digest, known);
    return descriptor;
  }

  return {
    async getManifest(operation, next) {
      const { repository, reference, options } = operation;
      const asked = checked(repository, reference);
      if (asked === undefined) return next(operation);
      const { descriptor, bytes } = await gets.join(
        flightOf(shared, repository, reference),
        (signal) => {
          const shareable = { ...operation, options: { ...options, signal } };
          return 'digest' in asked
            ? byDigest(shareable, next, asked.digest)
            : byTag(shareable, next, asked.tag);
        },
        options.signal,
      );
      return contentOfBytes(bytes, { descriptor, facts: { repository, reference } });
    },
    async resolveManifest(operation, next) {
      const { repository, reference, options } = operation;
      const asked = checked(repository, reference);
      if (asked === undefined) return next(operation);
      return resolves.join(
        flightOf(shared, repository, reference),
        (signal) => {
          const shareable = { ...operation, options: { ...options, signal } };
          return 'digest' in asked
            ? resolveDigest(shareable, next, asked.digest)
            : resolveTag(shareable, next, asked.tag);
        },
        options.signal,
      );
    },
  };
}

/** What is asked for, or undefined where it cannot be verified, and so is not kept. */
function checked(repository: string, reference: string): ReturnType<typeof checkReference> | undefined {
  checkRepository(repository);
  const asked = checkReference(reference);
  return 'digest' in asked && verifiableAlgorithm(asked.digest) === undefined ? undefined : asked;
}

/** The name of a read that others may join. */
export function flightOf({ turn }: Shared, repository: string, reference: string): string {
  // Neither part has a space.
  return `${turn} ${repository} ${reference}`;
}
