import {
  intercept,
  RegistryError,
  type AnyResult,
  type Operation,
  type Registry,
} from '../../registry/index.ts';

/**
 * A registry from which everything can be read, and to which nothing can be written.
 * @param name what to call it in errors: `oci-archive:images.tar`
 * @throws {RegistryError} from writes and deletes: `UNSUPPORTED`, with status 405.
 */
export function readOnly(registry: Registry, name: string): Registry {
  return intercept(registry, (operation, next): AnyResult => {
    if (!writes(operation)) return next(operation);
    return Promise.reject(
      new RegistryError('UNSUPPORTED', `${name} is for reading only`, {
        status: 405,
        repository: operation.repository,
      }),
    );
  });
}

type Write = Extract<
  Operation,
  {
    readonly name:
      'pushBlob' | 'startUpload' | 'mountBlob' | 'pushManifest' | 'deleteBlob' | 'deleteManifest';
  }
>;

/** A new operation makes the compiler ask here which of the two it is. */
const WRITES: Readonly<Record<Operation['name'], boolean>> = {
  getBlob: false,
  getManifest: false,
  resolveBlob: false,
  resolveManifest: false,
  pushBlob: true,
  startUpload: true,
  mountBlob: true,
  pushManifest: true,
  deleteBlob: true,
  deleteManifest: true,
  repositories: false,
  tags: false,
  referrers: false,
};

function writes(operation: Operation): operation is Write {
  return WRITES[operation.name];
}
