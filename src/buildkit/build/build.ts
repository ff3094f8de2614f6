import type { BuildOptions } from './build-options.ts';
import type { BuildResult } from './build-result.ts';
import { withPeers } from '../peers.ts';

/**
 * Builds with the Dockerfile frontend: from a folder and a Dockerfile, and from images in any registry, into any. Images
 * are read while the builder asks for them, in the parts that it asks for. When this returns, or fails, or is called off
 * by its signal, the builder has no session of it any more.
 *
 * Needs the packages @connectrpc/connect, @connectrpc/connect-node and @bufbuild/protobuf.
 * @throws {RegistryError} `BUILD_FAILED` with a `BuildFailure` as its detail; `UNAVAILABLE`, `UNSUPPORTED`,
 *   `REFERENCE_INVALID` for the name of a context; what the registries fail with.
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerfile/docs/reference.md
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const { runBuild } = await withPeers(() => import('./run-build.ts'));
  return runBuild(options);
}
