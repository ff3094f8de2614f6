import type { Descriptor, Digest } from '../oci/index.ts';
import type { Content } from './content.ts';
import type {
  GetBlobOptions,
  ListOptions,
  Options,
  PushBlobOptions,
  PushedManifest,
  PushManifestOptions,
  ReferrersOptions,
  Registry,
  StartUploadOptions,
  Upload,
} from './registry.ts';
import type { Source } from './source.ts';

/** One call of a registry, as a value. A new operation makes the compiler point at every `switch` over them. */
export type Operation =
  | {
      readonly name: 'getBlob';
      readonly repository: string;
      readonly digest: Digest;
      readonly options: GetBlobOptions;
    }
  | {
      readonly name: 'getManifest';
      readonly repository: string;
      readonly reference: string;
      readonly options: Options;
    }
  | {
      readonly name: 'resolveBlob';
      readonly repository: string;
      readonly digest: Digest;
      readonly options: Options;
    }
  | {
      readonly name: 'resolveManifest';
      readonly repository: string;
      readonly reference: string;
      readonly options: Options;
    }
  | {
      readonly name: 'pushBlob';
      readonly repository: string;
      readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
      readonly source: Source;
      readonly options: PushBlobOptions;
    }
  | { readonly name: 'startUpload'; readonly repository: string; readonly options: StartUploadOptions }
  | {
      readonly name: 'mountBlob';
      readonly repository: string;
      readonly digest: Digest;
      readonly from: string | undefined;
      readonly options: Options;
    }
  | {
      readonly name: 'pushManifest';
      readonly repository: string;
      readonly bytes: Uint8Array;
      readonly options: PushManifestOptions;
    }
  | {
      readonly name: 'deleteBlob';
      readonly repository: string;
      readonly digest: Digest;
      readonly options: Options;
    }
  | {
      readonly name: 'deleteManifest';
      readonly repository: string;
      readonly reference: string;
      readonly options: Options;
    }
  | { readonly name: 'repositories'; readonly options: ListOptions }
  | { readonly name: 'tags'; readonly repository: string; readonly options: ListOptions }
  | {
      readonly name: 'referrers';
      readonly repository: string;
      readonly digest: Digest;
      readonly options: ReferrersOptions;
    };

/** What each operation gives. */
export interface Results {
  getBlob: Promise<Content>;
  getManifest: Promise<Content>;
  resolveBlob: Promise<Descriptor>;
  resolveManifest: Promise<Descriptor>;
  pushBlob: Promise<Descriptor>;
  startUpload: Promise<Upload>;
  mountBlob: Promise<boolean>;
  pushManifest: Promise<PushedManifest>;
  deleteBlob: Promise<void>;
  deleteManifest: Promise<void>;
  repositories: AsyncIterable<string>;
  tags: AsyncIterable<string>;
  referrers: AsyncIterable<Descriptor>;
}

/** What an operation gives, by its type. */
export type ResultOf<O extends Operation> = Results[O['name']];

/** Performs an operation, this one or a changed one. */
export type Next = <O extends Operation>(operation: O) => ResultOf<O>;

/**
 * Stands between a caller and a registry. It gives what the operation gives: a promise, or for the lists an iterable.
 * (That the two belong together is not in the type: TypeScript would then want a cast at each answer.)
 */
export type Interceptor = (operation: Operation, next: Next) => AnyResult;

type Lists = Results['repositories'] | Results['referrers'];
/** What some operation gives. */
export type AnyResult = Lists | Promise<Awaited<Exclude<ResultOf<Operation>, Lists>>>;

/**
 * A registry all of whose calls go through one function, which may look, change, refuse or answer by itself.
 *
 * @example
 * const counted = intercept(registry, (operation, next) => {
 *   count(operation.name);
 *   return next(operation);
 * });
 */
export function intercept(registry: Registry, interceptor: Interceptor): Registry {
  const next: Next = (operation) => perform(registry, operation);
  const through = <O extends Operation>(operation: O): ResultOf<O> =>
    interceptor(operation, next) as ResultOf<O>;
  return {
    getBlob: (repository, digest, options = {}) => through({ name: 'getBlob', repository, digest, options }),
    getManifest: (repository, reference, options = {}) =>
      through({ name: 'getManifest', repository, reference, options }),
    resolveBlob: (repository, digest, options = {}) =>
      through({ name: 'resolveBlob', repository, digest, options }),
    resolveManifest: (repository, reference, options = {}) =>
      through({ name: 'resolveManifest', repository, reference, options }),
    pushBlob: (repository, descriptor, source, options = {}) =>
      through({ name: 'pushBlob', repository, descriptor, source, options }),
    startUpload: (repository, options = {}) => through({ name: 'startUpload', repository, options }),
    mountBlob: (repository, digest, from, options = {}) =>
      through({ name: 'mountBlob', repository, digest, from, options }),
    pushManifest: (repository, bytes, options) =>
      through({ name: 'pushManifest', repository, bytes, options }),
    deleteBlob: (repository, digest, options = {}) =>
      through({ name: 'deleteBlob', repository, digest, options }),
    deleteManifest: (repository, reference, options = {}) =>
      through({ name: 'deleteManifest', repository, reference, options }),
    repositories: (options = {}) => through({ name: 'repositories', options }),
    tags: (repository, options = {}) => through({ name: 'tags', repository, options }),
    referrers: (repository, digest, options = {}) =>
      through({ name: 'referrers', repository, digest, options }),
  };
}

/** Calls the method that an operation names. */
export function perform<O extends Operation>(registry: Registry, operation: O): ResultOf<O> {
  // The compiler cannot tie a case's result to the type parameter; `call` below is checked case by case instead.
  return call(registry, operation) as ResultOf<O>;
}

function call(registry: Registry, operation: Operation): Results[keyof Results] {
  switch (operation.name) {
    case 'getBlob':
      return registry.getBlob(operation.repository, operation.digest, operation.options);
    case 'getManifest':
      return registry.getManifest(operation.repository, operation.reference, operation.options);
    case 'resolveBlob':
      return registry.resolveBlob(operation.repository, operation.digest, operation.options);
    case 'resolveManifest':
      return registry.resolveManifest(operation.repository, operation.reference, operation.options);
    case 'pushBlob':
      return registry.pushBlob(
        operation.repository,
        operation.descriptor,
        operation.source,
        operation.options,
      );
    case 'startUpload':
      return registry.startUpload(operation.repository, operation.options);
    case 'mountBlob':
      return registry.mountBlob(operation.repository, operation.digest, operation.from, operation.options);
    case 'pushManifest':
      return registry.pushManifest(operation.repository, operation.bytes, operation.options);
    case 'deleteBlob':
      return registry.deleteBlob(operation.repository, operation.digest, operation.options);
    case 'deleteManifest':
      return registry.deleteManifest(operation.repository, operation.reference, operation.options);
    case 'repositories':
      return registry.repositories(operation.options);
    case 'tags':
      return registry.tags(operation.repository, operation.options);
    case 'referrers':
      return registry.referrers(operation.repository, operation.digest, operation.options);
  }
}
