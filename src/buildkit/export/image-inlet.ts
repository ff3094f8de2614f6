import { digestOf, mediaTypes, type Descriptor, type Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  intercept,
  isList,
  isNotFound,
  isRegistryError,
  RegistryError,
  type AnyResult,
  type Registry,
  type Upload,
} from '../../registry/index.ts';
import { askingUploads } from './asking-uploads.ts';
import { ociManifest } from './oci-manifest.ts';

/** Where the image goes. */
export interface InletTarget {
  readonly registry: Registry;
  readonly repository: string;
  readonly tags: readonly string[];
  /** Whether a manifest of Docker's stays one; else it becomes one of OCI. */
  readonly keepDocker: boolean;
}

/** Where one image can be pushed to, to get into a registry of another kind. */
export interface ImageInlet {
  readonly registry: Registry;
  /** Whether anybody came. */
  readonly wasAsked: () => boolean;
  /** The image that came. */
  readonly image: () => Descriptor | undefined;
  /** Takes nothing more, and gives up what has not ended. Never fails. */
  close(): Promise<void>;
}

/**
 * Opens a registry in which one repository leads into another one, for one image, and all else is refused. The image gets
 * these tags, whatever it is pushed as.
 * @param name of the repository: whoever knows it may write, so that nobody must be able to guess it
 * @param onFailure is told what the registry behind it fails with
 */
export function imageInlet(name: string, target: InletTarget, onFailure: (error: Error) => void): ImageInlet {
  const { registry, repository, tags, keepDocker } = target;
  const over = new AbortController();
  /** What is known to be there: Docker asks again for each that it has sent. */
  const sizes = new Map<Digest, number>();
  const pushed = (digest: Digest, size: number): void => void sizes.set(digest, size);
  const uploads = askingUploads({ registry, repository, pushed }, over.signal);
  let wasAsked = false;
  let image: Descriptor | undefined;

  const told = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      if (!over.signal.aborted && isRegistryError(error) && !isNotFound(error)) onFailure(error);
      throw error;
    }
  };
  const tellingUpload = (upload: Upload): Upload => ({
    ...upload,
    get offset() {
      return upload.offset;
    },
    write: (chunk, options) => told(() => upload.write(chunk, options)),
    commit: (digest, last) => told(() => upload.commit(digest, last)),
  });

  const pushImage = async (
    given: Uint8Array,
    givenType: string,
    signal: AbortSignal,
  ): Promise<Descriptor> => {
    const isDockers = givenType === mediaTypes.dockerManifest && !keepDocker;
    const [bytes, mediaType] = isDockers ? [ociManifest(given), mediaTypes.ociManifest] : [given, givenType];
    return (await registry.pushManifest(repository, bytes, { mediaType, tags, signal })).descriptor;
  };

  return {
    registry: intercept(registry, (operation): AnyResult => {
      wasAsked = true;
      if (isList(operation)) return none();
      if (operation.repository !== name) return refused();
      const { signal: given } = operation.options;
      const signal = given === undefined ? over.signal : AbortSignal.any([over.signal, given]);
      switch (operation.name) {
        case 'resolveBlob': {
          const { digest } = operation;
          const size = sizes.get(digest);
          if (size !== undefined) return Promise.resolve(blobDescriptor(digest, size));
          return told(() => registry.resolveBlob(repository, digest, { signal }));
        }
        case 'mountBlob':
          return Promise.resolve(false);
        case 'startUpload':
          return uploads.startUpload(repository, operation.options).then(tellingUpload);
        case 'pushManifest':
          return told(async () => {
            const { bytes, options } = operation;
            image = await pushImage(bytes, options.mediaType, signal);
            // Who pushes hears of what it pushed.
            const { mediaType } = options;
            return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, tags: [] };
          });
        default:
          return refused();
      }
    }),
    wasAsked: () => wasAsked,
    image: () => image,
    async close() {
      over.abort(new Error('the build has ended'));
      await uploads.cancel();
    },
  };
}

function refused(): Promise<never> {
  return Promise.reject(new RegistryError('UNSUPPORTED', 'this is for one image alone', { status: 405 }));
}

async function* none(): AsyncGenerator<never> {
  // What is here nobody is told.
}
