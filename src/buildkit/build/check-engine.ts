import { RegistryError, type Options } from '../../registry/index.ts';
import type { DaemonInfo } from '../daemon/daemon.ts';
import type { BuildOptions } from './build-options.ts';

/** What to do where an engine cannot take images over a session, or write them. */
const WITH_IMAGES =
  'Turn on its containerd image store ("features": {"containerd-snapshotter": true} in its daemon.json), or name a BuildKit of its own with BUILDKIT_HOST';

/** Why an engine does not get at a registry of this process on loopback, and what to do. */
export const ELSEWHERE: string = `it runs in a network of its own (a virtual machine, without root, or elsewhere). ${WITH_IMAGES}`;

/**
 * Sees what the builder can do, before it is asked to build. A Docker engine that keeps images by graph drivers, as those
 * before 29 do unless told, can do less than BuildKit; some of it it leaves out without a word.
 * @returns how the builder keeps images
 * @throws {RegistryError} `UNSUPPORTED`, for what it cannot do.
 * @see https://docs.docker.com/engine/storage/containerd/
 */
export async function checkEngine(build: BuildOptions, options: Options): Promise<DaemonInfo['imageStore']> {
  const { daemon } = build;
  if (daemon.kind !== 'docker') return 'containerd';
  const { imageStore } = await daemon.info(options);
  const lack = imageStore === 'containerd' ? undefined : lackOf(build);
  if (lack === undefined) return imageStore;
  throw new RegistryError(
    'UNSUPPORTED',
    `the Docker engine at ${daemon.address} keeps its images by graph drivers, and so ${lack}. ${WITH_IMAGES}`,
  );
}

/** What is asked for, and an engine with graph drivers does not do. */
function lackOf({
  daemon,
  contexts = [],
  outputs = [],
  platforms = [],
  attestations = {},
  cacheTo = [],
  serve,
}: BuildOptions): string | undefined {
  const hasImages = contexts.some(({ source }) => 'registry' in source);
  if (hasImages && serve === undefined) return 'takes no images from here as contexts';
  if (hasImages && !daemon.isLocal)
    return 'takes images as contexts from its own machine alone, where we are not';
  for (const output of outputs) {
    if (output.type === 'local' || output.type === 'tar') continue;
    if (output.type === 'oci' || output.type === 'docker')
      return 'writes no archives: write the image into one that is a registry here';
    if (output.type === 'image' && output.push === true)
      return 'pushes nothing by itself while it builds: write the image into the registry from here (--push, type=registry)';
    if (output.type === 'registry') {
      if (serve === undefined || daemon.images === undefined)
        return 'writes an image nowhere but into itself';
      if (!daemon.isLocal) return 'writes images to its own machine alone, where we are not';
      const attr = Object.entries(output.attrs ?? {}).find(([name, value]) => !isMet(name, value));
      if (attr !== undefined) return `pushes an image as it is, without ${attr.join('=')}`;
    }
    if (platforms.length > 1) return 'keeps an image for one platform alone';
    if (Object.keys(attestations).length > 0) return 'keeps no attestations';
  }
  if (cacheTo.some((cache) => 'target' in cache || cache.type !== 'inline'))
    return 'writes the cache of steps nowhere but into the image: type=inline';
  return undefined;
}

/** Whether what such an engine pushes is as an attribute of an exporter wants it. */
function isMet(name: string, value: string): boolean {
  if (name === 'compression') return value === 'gzip';
  if (name === 'rewrite-timestamp') return value === 'false';
  return !/^(?:annotation|compression-level$)/.test(name);
}
