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

/** The operations that give an iterable, and not a promise. */
export type ListOperation = Extract<Operation, { readonly name: 'repositories' | 'tags' | 'referrers' }>;

/** Whether an operation gives an iterable, and not a promise. */
export function isList(operation: Operation): operation is ListOperation {
  const { name } = operation;
  return name === 'repositories' || name === 'tags' || name === 'referrers';
}

/**
 * What some operation gives: a promise, or for the lists an iterable.
 * (Which of them goes with which operation is not in the type: TypeScript would then want a cast at each answer.)
 */
export type AnyResult = AnyList | AnyAnswer;
/** What some operation gives that gives an iterable. */
export type AnyList = AsyncIterable<string | Descriptor>;
/** What some other operation gives. */
export type AnyAnswer = Promise<Awaited<ResultOf<Exclude<Operation, ListOperation>>>>;

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
