import { errorCode, isRegistryError, RegistryError, reworded, type Options } from '../../registry/index.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { imageInlet } from '../export/image-inlet.ts';
import type { StatusUpdate } from '../progress/status.ts';
import { ELSEWHERE } from './check-engine.ts';
import type { ImageReceiver } from './image-receiver.ts';
import type { RegistryOutput } from './output.ts';
import { pushProgress } from './push-progress.ts';
import type { ServeRegistry } from './serve-registry.ts';
import { sessionName } from './session-name.ts';

/** How long an engine may take to forget a name, in milliseconds. */
const PATIENCE = 10_000;

/** Who takes part in it. */
export interface EngineParties {
  readonly images: NonNullable<Daemon['images']>;
  readonly serve: ServeRegistry;
  /** Is told what the registry of the output fails with, and calls off the push. */
  readonly fail: (error: Error) => void;
  readonly tell: (update: StatusUpdate) => void;
  /** By which the engine is to keep the image, if by any. */
  readonly names: readonly string[];
}

/**
 * Has an engine that writes images nowhere but into itself do so, under a name in a registry of this process, and push it
 * there: what arrives goes on to where it is to be. The name is one that nobody can guess, and is taken away in the end.
 * An image that has no other name goes with it.
 */
export async function receiveFromEngine(
  { registry, repository, tags = [], attrs = {} }: RegistryOutput,
  { images, serve, fail, tell, names }: EngineParties,
): Promise<ImageReceiver> {
  const repositoryName = sessionName();
  const keepDocker = attrs['oci-mediatypes'] === 'false';
  const inlet = imageInlet(repositoryName, { registry, repository, tags, keepDocker }, fail);
  const server = await serve(inlet.registry, { onError: () => {} });
  const { host } = new URL(server.url);
  const name = `${host}/${repositoryName}:built`;
  const progress = pushProgress('pushing the image from the engine', (update) =>
    tell({ vertexes: [], statuses: [], logs: [], warnings: [], ...update }),
  );

  const push = async (options: Options): Promise<void> => {
    progress.begin();
    try {
      await images.push(name, { ...options, onStep: progress.step });
      progress.end();
    } catch (error) {
      progress.end(error instanceof Error ? error.message : '');
      throw explained(error);
    }
  };
  const explained = (error: unknown): unknown => {
    if (inlet.wasAsked() || !isRegistryError(error)) return error;
    // What it refuses before it pushes has a status of its own.
    if (errorCode(error) !== 'UNKNOWN' || error.status !== undefined) return error;
    return reworded(
      error,
      `${error.message}; the engine did not get at what takes its image on ${host}: ${ELSEWHERE}`,
    );
  };
  return {
    exporter: { type: 'moby', attrs: { name } },
    stores: new Map(),
    async finish(response, options) {
      await push(options);
      const image = inlet.image();
      if (image === undefined)
        throw new RegistryError('RESPONSE_INVALID', `the engine pushed ${name}, and no manifest came`);
      // The engine tells of one name alone, which may be ours.
      const { 'image.name': _, ...told } = response;
      return {
        ...told,
        ...(names.length > 0 && { 'image.name': names.join(',') }),
        'containerimage.digest': image.digest,
        'containerimage.descriptor': Buffer.from(JSON.stringify(image)).toString('base64'),
      };
    },
    async close() {
      await inlet.close();
      const removed = images
        .removeName(name, { signal: AbortSignal.timeout(PATIENCE) })
        .catch(() =>
          progress.warn(`the engine still calls the image ${name}: docker image rm takes that away`),
        )
        .catch(() => undefined);
      await Promise.all([server.close(), removed]);
    },
  };
}
