import {
  errorCode,
  isNotFound,
  isRegistryError,
  perform,
  RegistryError,
  registryOf,
  reworded,
  type AnyResult,
  type Registry,
} from '../../registry/index.ts';
import type { BuildInputs } from './build-inputs.ts';
import { ELSEWHERE } from './check-engine.ts';
import type { ImageSource } from './image-source.ts';
import type { ServeRegistry } from './serve-registry.ts';

/** Images that an engine pulls from here. */
export interface ShownImages {
  /** What the frontend is told, with the images where they are shown. */
  readonly attrs: Readonly<Record<string, string>>;
  /** What a build failed with, in better words where it is that the engine did not find the way here. */
  explain(error: unknown): unknown;
  close(): Promise<void>;
}

/**
 * Shows the images of a build as a registry, to an engine that takes none over a session. Each is a repository of a name
 * that nobody can guess, as everybody on this machine can ask; the engine itself goes by digests, and looks for what it
 * has by them alone: that the names are others each time takes nothing from its cache.
 * @param onFailure is told what the images' own registries fail with
 */
export async function showImages(
  { attrs, images }: Pick<BuildInputs, 'attrs' | 'images'>,
  serve: ServeRegistry,
  onFailure: (error: Error) => void,
): Promise<ShownImages> {
  const over = new AbortController();
  let wasAsked = false;
  const tell = (error: unknown): void => {
    if (!over.signal.aborted && isRegistryError(error) && !isNotFound(error)) onFailure(error);
  };
  const shown = new Map([...images].map(([store, image]) => [store.replace(/^oci:/, ''), image]));
  const registry = shownRegistry(shown, {
    signal: over.signal,
    onAsked: () => (wasAsked = true),
    onFailure: tell,
  });
  const server = await serve(registry, { onError: tell });
  const { host } = new URL(server.url);
  return {
    attrs: Object.fromEntries(
      Object.entries(attrs).map(([key, value]) => [
        key,
        key.startsWith('context:') ? value.replace(/^oci-layout:\/\//, `docker-image://${host}/`) : value,
      ]),
    ),
    explain(error) {
      if (wasAsked || errorCode(error) !== 'BUILD_FAILED' || !isRegistryError(error)) return error;
      if (!error.message.includes(host)) return error;
      return reworded(
        error,
        `${error.message}; the engine did not get at the images that are shown to it on ${host}: ${ELSEWHERE}`,
      );
    },
    async close() {
      // What the engine is still reading it has no use for.
      over.abort(new Error('the build has ended'));
      await server.close();
    },
  };
}

/** A registry of these images, for reading alone, and without a list of them. */
function shownRegistry(
  images: ReadonlyMap<string, ImageSource>,
  {
    signal,
    onAsked,
    onFailure,
  }: {
    readonly signal: AbortSignal;
    readonly onAsked: () => void;
    readonly onFailure: (error: unknown) => void;
  },
): Registry {
  return registryOf((operation): AnyResult => {
    onAsked();
    switch (operation.name) {
      case 'getBlob':
      case 'getManifest':
      case 'resolveBlob':
      case 'resolveManifest': {
        const image = images.get(operation.repository);
        if (image === undefined) return Promise.reject(unknownName(operation.repository));
        const { options } = operation;
        const whole = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
        const { repository } = image;
        const answer = perform(image.registry, {
          ...operation,
          repository,
          options: { ...options, signal: whole },
        });
        answer.catch(onFailure);
        return answer;
      }
      case 'repositories':
      case 'tags':
      case 'referrers':
        return none();
      default:
        return Promise.reject(
          new RegistryError('UNSUPPORTED', 'these images are for reading only', { status: 405 }),
        );
    }
  });
}

function unknownName(repository: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', 'there is no such image here', { status: 404, repository });
}

async function* none(): AsyncGenerator<never> {
  // Who was not told the names is not to find them.
}
