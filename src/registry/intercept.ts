import {
  isList,
  perform,
  type AnyAnswer,
  type AnyList,
  type AnyResult,
  type ListOperation,
  type Operation,
  type ResultOf,
} from './operation.ts';
import type { Registry } from './registry.ts';

/** Performs an operation, this one or a changed one. */
export type Next = <O extends Operation>(operation: O) => ResultOf<O>;

/** Stands between a caller and a registry. It gives what the operation gives. */
export type Interceptor = (operation: Operation, next: Next) => AnyResult;

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
  return registryOf((operation) => interceptor(operation, next));
}

/**
 * A registry that is made when it is first asked for something. One that could not be made is tried again by the next
 * operation.
 *
 * @example
 * const images = lazyRegistry(async () => (await import('./images.ts')).openImages());
 */
export function lazyRegistry(make: () => Promise<Registry>): Registry {
  let making: Promise<Registry> | undefined;
  const made = (): Promise<Registry> =>
    (making ??= make().catch((error: unknown) => {
      making = undefined;
      throw error;
    }));
  async function* list(operation: ListOperation): AnyList {
    yield* perform(await made(), operation);
  }
  const answer = async (operation: Exclude<Operation, ListOperation>): AnyAnswer =>
    perform(await made(), operation);
  return registryOf((operation) => (isList(operation) ? list(operation) : answer(operation)));
}

/**
 * A registry that is one function, which gives what each operation gives.
 *
 * @example
 * const empty = registryOf((operation) =>
 *   isList(operation) ? none() : Promise.reject(new RegistryError('NAME_UNKNOWN', 'nothing is here')),
 * );
 */
export function registryOf(answer: (operation: Operation) => AnyResult): Registry {
  const through = <O extends Operation>(operation: O): ResultOf<O> => answer(operation) as ResultOf<O>;
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
