import { mediaTypes, verifiableAlgorithm, type Descriptor } from '../../oci/index.ts';
import {
  checkDigest,
  checkRepository,
  clampRange,
  contentOfBytes,
  createSingleFlight,
  type ByteRange,
  type Content,
  type Next,
  type Operation,
} from '../../registry/index.ts';
import { lend, type Loan } from './loan.ts';
import { flightOf } from './read-manifest.ts';
import type { Shared } from './shared.ts';
import type { Kept } from './visit.ts';

type Get = Extract<Operation, { name: 'getBlob' }>;
type Resolve = Extract<Operation, { name: 'resolveBlob' }>;

/** Reads of blobs. */
export interface BlobReads {
  getBlob(operation: Get, next: Next): Promise<Content>;
  resolveBlob(operation: Resolve, next: Next): Promise<Descriptor>;
}

/** A blob that is too large to be kept: the stream is for one of those who wait, if there is one already. */
interface Large {
  readonly loan?: Loan;
}

export function blobReads(shared: Shared): BlobReads {
  const gets = createSingleFlight<Kept | Large>();
  const resolves = createSingleFlight<Descriptor>();

  async function fill(operation: Get, next: Next): Promise<Kept | Large> {
    const { repository, digest } = operation;
    const visit = shared.visit(operation.name, repository, digest);
    const known = await visit.descriptor('blobs', digest);
    const bytes = known && known.size <= shared.contentLimit ? await visit.content(known) : undefined;
    visit.tell(bytes === undefined ? 'miss' : 'hit');
    if (known && bytes) return { descriptor: asBlob(known), bytes };
    if (known && known.size > shared.contentLimit) return {};
    await visit.begin();
    const loan = await lend(operation, next);
    const descriptor = asBlob(loan.content.descriptor);
    if (descriptor.size > shared.contentLimit) {
      await visit.learn('blobs', descriptor);
      // All may have left meanwhile; then nobody takes it.
      if (operation.options.signal?.aborted) await loan.content.cancel();
      return { loan };
    }
    const read = await loan.content.bytes(shared.contentLimit);
    await visit.learn('blobs', descriptor, read);
    return { descriptor, bytes: read };
  }

  async function getPart(operation: Get, next: Next, range: ByteRange): Promise<Content> {
    const { repository, digest } = operation;
    const visit = shared.visit(operation.name, repository, digest);
    const known = await visit.descriptor('blobs', digest);
    const bytes = known && known.size <= shared.contentLimit ? await visit.content(known) : undefined;
    operation.options.signal?.throwIfAborted();
    visit.tell(bytes === undefined ? 'miss' : 'hit');
    if (known && bytes) {
      return contentOfBytes(bytes, {
        descriptor: asBlob(known),
        range: clampRange(range, known.size),
        facts: { repository, reference: digest },
      });
    }
    await visit.begin();
    const content = await next(operation);
    await visit.learn('blobs', asBlob(content.descriptor));
    return content;
  }

  return {
    async getBlob(operation, next) {
      const { repository, digest, options } = operation;
      if (!canBeKept(operation)) return next(operation);
      if (options.range !== undefined) return getPart(operation, next, options.range);
      const found = await gets.join(
        flightOf(shared, repository, digest),
        (signal) => fill({ ...operation, options: { ...options, signal } }, next),
        options.signal,
      );
      if ('bytes' in found) {
        const { descriptor, bytes } = found;
        return contentOfBytes(bytes, { descriptor, facts: { repository, reference: digest } });
      }
      return found.loan?.take(options.signal) ?? next(operation);
    },
    async resolveBlob(operation, next) {
      const { repository, digest, options } = operation;
      if (!canBeKept(operation)) return next(operation);
      return resolves.join(
        flightOf(shared, repository, digest),
        async (signal) => {
          const visit = shared.visit(operation.name, repository, digest);
          const known = await visit.descriptor('blobs', digest);
          visit.tell(known === undefined ? 'miss' : 'hit');
          if (known !== undefined) return asBlob(known);
          await visit.begin();
          const descriptor = await next({ ...operation, options: { ...options, signal } });
          await visit.learn('blobs', asBlob(descriptor));
          return descriptor;
        },
        options.signal,
      );
    },
  };
}

function canBeKept({ repository, digest }: Get | Resolve): boolean {
  checkRepository(repository);
  return verifiableAlgorithm(checkDigest(digest)) !== undefined;
}

/** A blob is bytes: what it is, only those know who refer to it. */
export function asBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Descriptor {
  return { mediaType: mediaTypes.octetStream, digest, size };
}
