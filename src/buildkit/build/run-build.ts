import { randomBytes } from 'node:crypto';
import type { Options } from '../../registry/index.ts';
import type { Attachable } from '../session/attachable.ts';
import { inputsOf } from './build-inputs.ts';
import type { BuildOptions } from './build-options.ts';
import { resultOf, type BuildResult } from './build-result.ts';
import { checkEngine } from './check-engine.ts';
import { contentService } from '../content/content-service.ts';
import { credentialService } from '../credentials/credential-service.ts';
import type { DaemonInfo, Session } from '../daemon/daemon.ts';
import { fileSync } from '../files/file-sync.ts';
import { prepareCaches } from './prepare-caches.ts';
import type { ImageReceiver } from './image-receiver.ts';
import type { RegistryOutput } from './output.ts';
import { prepareOutputs, type PreparedOutputs } from './prepare-outputs.ts';
import { receiveFromEngine, type EngineParties } from './receive-from-engine.ts';
import { receiveOverSession } from './receive-over-session.ts';
import type { StatusUpdate } from '../progress/status.ts';
import { registryContent } from '../content/registry-content.ts';
import { requestOf } from './request.ts';
import { checkSecrets } from '../secrets/read-secret.ts';
import { secretService } from '../secrets/secret-service.ts';
import { showImages, type ShownImages } from './show-images.ts';
import { checkAgents } from '../ssh/check-agents.ts';
import { sshService } from '../ssh/ssh-service.ts';
import { tellingStore } from '../content/telling-store.ts';
import { uploadService } from '../upload/upload-service.ts';
import { watchBuild, type Watcher } from './watch-build.ts';

/** Builds, over a session of its own, which has ended when this returns, however it does. */
export async function runBuild(options: BuildOptions): Promise<BuildResult> {
  const { daemon, signal, serve, services = [] } = options;
  signal?.throwIfAborted();
  await checkSecrets(options.secrets ?? []);
  await checkAgents(options.ssh ?? []);
  const cancel: Options = { ...(signal !== undefined && { signal }) };
  const imageStore = await checkEngine(options, cancel);
  const inputs = await inputsOf(options);
  /** Ends the build where one of our registries fails, or who is told of progress: with what that failed with. */
  const failing = new AbortController();
  const over = new AbortController();
  let session: Session | undefined;
  let shown: ShownImages | undefined;
  let outputs: PreparedOutputs | undefined;
  const fail = (error: Error): void => failing.abort(error);
  const tell = telling(options, fail);
  try {
    const caches = prepareCaches(options);
    outputs = await prepareOutputs(options, receiverFor(options, { imageStore, fail, tell }));
    const images = [...inputs.images].map(
      ([name, { registry, repository }]) => [name, registryContent(registry, repository)] as const,
    );
    if (imageStore === 'graphdriver' && serve !== undefined && images.length > 0)
      shown = await showImages(inputs, serve, fail);
    const stores = new Map(
      [...images, ...caches.stores, ...outputs.stores].map(([name, store]) => [
        name,
        tellingStore(store, fail),
      ]),
    );
    session = await daemon.session(
      [
        ...(inputs.folders.size > 0 ? [fileSync(inputs.folders)] : []),
        ...(inputs.streams.size > 0
          ? [uploadService(inputs.streams, { onError: fail, signal: over.signal })]
          : []),
        ...(stores.size > 0 ? [contentService(stores)] : []),
        ...outputs.services,
        ...services,
        ...servicesOf(options),
      ],
      { sharedKey: inputs.sharedKey },
    );
    const ref = randomBytes(16).toString('hex');
    const request = requestOf(options, {
      ref,
      session: session.id,
      inputs: shown ?? inputs,
      ...outputs,
      ...caches,
    });
    const whole = AbortSignal.any([failing.signal, ...(signal === undefined ? [] : [signal])]);
    // Such an engine may still be giving the image a name when the build was called off: that is to be waited for.
    const isWatched = options.onProgress !== undefined || imageStore === 'graphdriver';
    const { exporterResponse } = await watched(watchBuild(daemon, ref, isWatched ? tell : undefined), () =>
      daemon.solve(request, { signal: whole }),
    );
    const response = await outputs.finish(exporterResponse, { signal: whole });
    await caches.finish(exporterResponse, cancel);
    return resultOf(response);
  } catch (error) {
    throw failing.signal.aborted && signal?.aborted !== true
      ? failing.signal.reason
      : (shown?.explain(error) ?? error);
  } finally {
    over.abort();
    // The builder is told in good order that nobody waits for it, also of a build that was called off.
    await session?.close();
    await shown?.close();
    await outputs?.close();
    await inputs.release();
  }
}

/** How the builder gives an image to a registry of this process. */
function receiverFor(
  { daemon, serve, outputs = [] }: BuildOptions,
  {
    imageStore,
    ...parties
  }: Pick<EngineParties, 'fail' | 'tell'> & { readonly imageStore: DaemonInfo['imageStore'] },
): (output: RegistryOutput) => Promise<ImageReceiver> {
  const { images } = daemon;
  if (imageStore === 'containerd' || images === undefined || serve === undefined)
    return async (output) => receiveOverSession(output);
  const names = outputs.flatMap((output) => (output.type === 'image' ? (output.names ?? []) : []));
  return (output) => receiveFromEngine(output, { images, serve, names, ...parties });
}

/** What steps of the build, and the builder itself, may ask for. */
function servicesOf({
  credentials,
  fetchToken,
  secrets = [],
  environment,
  ssh = [],
}: BuildOptions): readonly Attachable[] {
  return [
    ...(credentials === undefined
      ? []
      : [credentialService(credentials, fetchToken === undefined ? {} : { fetchToken })]),
    ...(secrets.length > 0 ? [secretService(secrets, environment === undefined ? {} : { environment })] : []),
    ...(ssh.length > 0 ? [sshService(ssh)] : []),
  ];
}

/** Tells how a build goes on. Whoever does not want to be told any more ends it. */
function telling({ onProgress }: BuildOptions, fail: (error: Error) => void): (update: StatusUpdate) => void {
  return (update) => {
    try {
      onProgress?.(update);
    } catch (error) {
      fail(error as Error);
      throw error;
    }
  };
}

/** Does what is watched, and hears what there is left to tell of it. */
async function watched<T>(watcher: Watcher, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    await watcher.end();
  }
}
