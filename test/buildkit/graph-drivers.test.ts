import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  build,
  openDaemon,
  type BuildOptions,
  type BuildResult,
  type Daemon,
  type ServeRegistry,
} from '../../src/buildkit/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { intercept, RegistryError, type Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { pushImage } from './image.ts';

/** A Docker engine that keeps its images by graph drivers; `solve` is given what is to stand for `base`. */
async function engine(solve: (base: string) => Promise<void> = async () => {}): Promise<Daemon> {
  const fake = await fakeDaemon('docker', {
    control: () => ({
      listWorkers: () => ({ record: [{ labels: {} }] }),
      async solve({ frontendAttrs }) {
        await solve(frontendAttrs['context:base'] ?? '');
        return {};
      },
    }),
  });
  onTestFinished(fake.close);
  const daemon = await openDaemon({ address: fake.address, kind: 'docker' });
  onTestFinished(daemon.close);
  return daemon;
}

const serve: ServeRegistry = (registry, handling) => listen(createHandler(registry, handling));
const context = { folder: '.' } as const;

/** Builds from an image that is called `base`. */
async function buildFrom(
  registry: Registry,
  daemon: Daemon,
  options: Partial<BuildOptions> = {},
): Promise<BuildResult> {
  const digest = await pushed();
  const source = { registry, repository: 'team/app', digest, tag: '1.0' };
  return build({ daemon, context, serve, contexts: [{ name: 'base', source }], ...options });
}

const memory = memoryRegistry();

/** The digest of an image that is in a registry. */
async function pushed(): Promise<Digest> {
  return (await pushImage(memory, 'team/app', Buffer.from('a layer'))).digests.manifest;
}

/** What `docker-image://HOST/NAME:1.0@DIGEST` is at a registry. */
function urlOf(base: string): { readonly root: string; readonly manifest: string } {
  const [, host, name, digest] =
    /^docker-image:\/\/(127\.0\.0\.1:\d+)\/(s[0-9a-f]{24}):1\.0@(.+)$/.exec(base) ?? [];
  const root = `http://${host}/v2`;
  return { root, manifest: `${root}/${name}/manifests/${digest}` };
}

describe('an engine that keeps its images by graph drivers pulls images from this process', () => {
  test('which shows those of the build alone, for reading, while it goes on', async () => {
    let asked = '';
    const statuses: number[] = [];
    const daemon = await engine(async (base) => {
      asked = base;
      const { root, manifest } = urlOf(base);
      for (const [url, method] of [
        [manifest, 'GET'],
        [manifest.replace(/s[0-9a-f]{24}/, 'team/app'), 'GET'],
        [manifest, 'DELETE'],
      ] as const)
        statuses.push((await fetch(url, { method })).status);
      expect(await (await fetch(`${root}/_catalog`)).json()).toEqual({ repositories: [] });
    });
    await buildFrom(memory, daemon);
    expect(statuses).toEqual([200, 404, 405]);
    await expect(fetch(urlOf(asked).manifest)).rejects.toThrow('fetch failed');
  });

  test('and is told what their own registry fails with', async () => {
    const failure = new RegistryError('TOOMANYREQUESTS', 'registry.test: too many requests');
    const failing = intercept(memory, (operation, next) =>
      operation.name === 'getManifest' ? Promise.reject(failure) : next(operation),
    );
    const daemon = await engine(async (base) => {
      await fetch(urlOf(base).manifest);
      // The engine would go on asking.
      await new Promise(() => {});
    });
    await expect(buildFrom(failing, daemon)).rejects.toBe(failure);
  });

  test('and what it fails with when it has asked stands as it is', async () => {
    const daemon = await engine(async (base) => {
      const { manifest } = urlOf(base);
      await fetch(manifest);
      throw new ConnectError(`failed to extract ${manifest}`, Code.Unknown);
    });
    await expect(buildFrom(memory, daemon)).rejects.toThrow(/failed to extract \S+$/);
  });

  test('and if it never asks, it may be in another network', async () => {
    const daemon = await engine(async (base) => {
      throw new ConnectError(
        `failed to do request: Head "${urlOf(base).manifest}": connection refused`,
        Code.Unknown,
      );
    });
    await expect(buildFrom(memory, daemon)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(
        /connection refused; the engine did not get at .*"containerd-snapshotter"/,
      ),
    });
  });
});

describe('what such an engine cannot do is told before it is asked to build:', () => {
  const refused = async (options: Partial<BuildOptions>, message: RegExp): Promise<void> => {
    const daemon = await engine(() => Promise.reject(new Error('it was asked')));
    await expect(build({ daemon, context, ...options })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(message),
    });
  };
  const image = { type: 'image', names: ['app:1'] } as const;
  const ours = { type: 'registry', registry: memory, repository: 'team/app' } as const;
  const amd64 = { os: 'linux', architecture: 'amd64' };
  const arm64 = { os: 'linux', architecture: 'arm64' };

  test.each<readonly [string, Partial<BuildOptions>, RegExp]>([
    ['an OCI archive', { outputs: [{ type: 'oci', to: 'app.tar' }] }, /writes no archives.*BUILDKIT_HOST/],
    ['a registry of ours, where nothing serves it', { outputs: [ours] }, /nowhere but into itself/],
    ['a push of its own', { outputs: [{ ...image, push: true }] }, /into the registry from here/],
    ['two platforms', { outputs: [image], platforms: [amd64, arm64] }, /one platform alone/],
    ['two platforms elsewhere', { serve, outputs: [ours], platforms: [amd64, arm64] }, /one platform alone/],
    ['an attestation', { outputs: [image], attestations: { provenance: '' } }, /no attestations/],
    ['an attestation elsewhere', { serve, outputs: [ours], attestations: { sbom: '' } }, /no attestations/],
    [
      'another compression',
      { serve, outputs: [{ ...ours, attrs: { compression: 'zstd' } }] },
      /without compression=zstd/,
    ],
    [
      'an annotation',
      { serve, outputs: [{ ...ours, attrs: { 'annotation.team': 'a' } }] },
      /without annotation\.team=a/,
    ],
    ['a cache elsewhere', { cacheTo: [{ type: 'registry' }] }, /type=inline/],
  ])('%s', async (_, options, message) => {
    await refused(options, message);
  });

  test('images from here, where nothing serves them, or it is elsewhere; and those for here', async () => {
    const source = { registry: memory, repository: 'team/app', digest: await pushed() };
    const contexts = [{ name: 'base', source }];
    await refused({ contexts }, /takes no images from here/);
    const daemon = { ...(await engine()), isLocal: false };
    await expect(build({ daemon, context, contexts, serve })).rejects.toThrow('from its own machine alone');
    await expect(build({ daemon, context, outputs: [ours], serve })).rejects.toThrow(
      'to its own machine alone',
    );
  });

  test('all else it builds', async () => {
    const outputs = [image, { type: 'tar', to: async () => {} }] as const;
    await expect(
      build({ daemon: await engine(), context, outputs, cacheTo: [{ type: 'inline' }] }),
    ).resolves.toBeDefined();
  });
});
