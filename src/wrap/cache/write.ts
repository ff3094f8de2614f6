import { digestOf, isDigest, isRepository, verifiableAlgorithm, type Descriptor } from '../../oci/index.ts';
import {
  openable,
  type Next,
  type Operation,
  type PushedManifest,
  type Upload,
} from '../../registry/index.ts';
import { asBlob } from './read-blob.ts';
import type { Shared } from './shared.ts';
import { isContent, type Visit } from './visit.ts';

type PushBlob = Extract<Operation, { name: 'pushBlob' }>;
type PushManifest = Extract<Operation, { name: 'pushManifest' }>;
type Mount = Extract<Operation, { name: 'mountBlob' }>;
type Start = Extract<Operation, { name: 'startUpload' }>;

/** Writes, which teach what they wrote. */
export interface Writes {
  pushBlob(operation: PushBlob, next: Next): Promise<Descriptor>;
  pushManifest(operation: PushManifest, next: Next): Promise<PushedManifest>;
  mountBlob(operation: Mount, next: Next): Promise<boolean>;
  startUpload(operation: Start, next: Next): Promise<Upload>;
}

export function writes(shared: Shared): Writes {
  const begin = async (name: Operation['name'], repository: string, reference: string): Promise<Visit> => {
    const visit = shared.visit(name, repository, reference);
    // Names that the registry will refuse are none to ask a store for.
    if (isRepository(repository)) await visit.begin();
    return visit;
  };

  /** A mount says that a digest is here too, but not how large it is. */
  const learnMounted = async (
    visit: Visit,
    name: Operation['name'],
    from: string | undefined,
    digest: Descriptor['digest'],
  ): Promise<void> => {
    if (from === undefined || !isRepository(from)) return;
    const known = await shared.visit(name, from, digest).descriptor('blobs', digest);
    if (known !== undefined) await visit.learn('blobs', known);
  };

  return {
    async pushBlob(operation, next) {
      const { name, repository, descriptor, source, options } = operation;
      const visit = await begin(name, repository, descriptor.digest);
      const pushed = await shared.writing(() => next(operation));
      const { digest, size } = descriptor;
      if (verifiableAlgorithm(digest) === undefined) return pushed;
      const { bytes } = openable(source);
      // The caller may have changed them since, or they may be others, where a mount made them superfluous.
      if (bytes !== undefined && bytes.length <= shared.contentLimit && isContent(bytes, digest, size))
        await visit.learn('blobs', asBlob(descriptor), bytes);
      else if (options.mountFrom === undefined) await visit.learn('blobs', asBlob(pushed));
      else await learnMounted(visit, name, options.mountFrom, digest);
      return pushed;
    },
    async pushManifest(operation, next) {
      const { name, repository, bytes, options } = operation;
      const { mediaType } = options;
      const visit = await begin(name, repository, options.digest ?? options.tags?.[0] ?? '');
      const pushed = await shared.writing(() => next(operation));
      const { digest } = pushed.descriptor;
      const algorithm = verifiableAlgorithm(digest);
      if (algorithm === undefined || digestOf(bytes, algorithm) !== digest) return pushed;
      await visit.learn('manifests', { mediaType, digest, size: bytes.length }, bytes);
      // A read of the tag that began before may end after: clearing keeps what it brings from being stored.
      for (const tag of pushed.tags) await visit.forgetTag(tag);
      await visit.begin();
      for (const tag of pushed.tags) await visit.learnTag(tag, { digest, at: shared.now() });
      return pushed;
    },
    async mountBlob(operation, next) {
      const { name, repository, digest, from } = operation;
      const visit = await begin(name, repository, digest);
      const mounted = await shared.writing(() => next(operation));
      if (mounted) await learnMounted(visit, name, from, digest);
      return mounted;
    },
    async startUpload(operation, next) {
      const { name, repository } = operation;
      const upload = await next(operation);
      return {
        get id() {
          return upload.id;
        },
        get offset() {
          return upload.offset;
        },
        get minimumChunk() {
          return upload.minimumChunk;
        },
        write: (chunk, options) => upload.write(chunk, options),
        async commit(digest, last) {
          const visit = await begin(name, repository, digest);
          const committed = await shared.writing(() => upload.commit(digest, last));
          if (isDigest(digest)) await visit.learn('blobs', asBlob(committed));
          return committed;
        },
        suspend: () => upload.suspend(),
        cancel: () => upload.cancel(),
      };
    },
  };
}
