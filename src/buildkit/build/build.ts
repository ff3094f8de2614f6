import type { BuildOptions } from './build-options.ts';
import type { BuildResult } from './build-result.ts';
import { withPeers } from '../peers.ts';

/**
 * Builds with the Dockerfile frontend: from a folder, a tar or a URL, and from images in any registry, into any. Images
 * are read while the builder asks for them, in the parts that it asks for. When this returns, or fails, or is called off
 * by its signal, the builder has no session of it any more.
 *
 * Needs the packages @connectrpc/connect, @connectrpc/connect-node and @bufbuild/protobuf.
 * @returns the digest, as far as what was built is an image
 * @throws {RegistryError} `BUILD_FAILED` with a `BuildFailure` as its detail; `UNAVAILABLE`, `UNSUPPORTED`;
 *   `REFERENCE_INVALID` for the name of a context; `SETTINGS_INVALID` for a secret, or an agent for SSH, that is not
 *   there; what the registries fail with.
 * @throws {Invalid} subject `context`, for options that do not go together.
 * @see https://docs.docker.com/reference/dockerfile/
 * @example `FROM base` is an image in a layout, and what is built from it goes there as well.
 * ```ts
 * const daemon = await openDaemon();
 * const images = singleLayout('images');
 * const base = await images.resolveManifest('layout', 'base');
 * const { digest } = await build({
 *   daemon,
 *   context: { folder: 'app' },
 *   contexts: [{ name: 'base', source: { registry: images, repository: 'layout', digest: base.digest } }],
 *   outputs: [{ type: 'registry', registry: images, repository: 'layout', tags: ['app'] }],
 * });
 * await daemon.close();
 * ```
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const { runBuild } = await withPeers(() => import('./run-build.ts'));
  return runBuild(options);
}
