import { intercept, RegistryError, type Registry } from '../../registry/index.ts';

/**
 * A registry from which everything can be read, and to which nothing can be written.
 * @param name what to call it in errors: `oci-archive:images.tar`
 * @throws {RegistryError} from writes and deletes: `UNSUPPORTED`, with status 405.
 */
export function readOnly(registry: Registry, name: string): Registry {
  return intercept(registry, (operation, next) => {
    switch (operation.name) {
      case 'getBlob':
      case 'getManifest':
      case 'resolveBlob':
      case 'resolveManifest':
      case 'repositories':
      case 'tags':
      case 'referrers':
        return next(operation);
      case 'pushBlob':
      case 'startUpload':
      case 'mountBlob':
      case 'pushManifest':
      case 'deleteBlob':
      case 'deleteManifest':
        return Promise.reject(
          new RegistryError('UNSUPPORTED', `${name} is for reading only`, {
            status: 405,
            repository: operation.repository,
          }),
        );
    }
  });
}
