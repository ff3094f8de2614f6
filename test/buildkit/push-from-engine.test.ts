import { describe, expect, onTestFinished, test } from 'vitest';
import {
  build,
  openDaemon,
  type BuildOptions,
  type BuildResult,
  type RegistryOutput,
  type ServeRegistry,
  type StatusUpdate,
} from '../../src/buildkit/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import { intercept, RegistryError, type Operation, type Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fakeDaemon } from './fake-daemon.ts';

const serve: ServeRegistry = (registry, handling) => listen(createHandler(registry, handling));

/** What an engine answers to a push, line by line, once it has pushed. */
type Push = (root: string, repository: string) => Promise<readonly object[]>;

/** A Docker engine that keeps its images by graph drivers, and pushes one; what it was called to do beside that. */
interface Engine {
  build(output: Partial<RegistryOutput>, options?: Partial<BuildOptions>): Promise<BuildResult>;
  readonly calls: string[];
  /** The name that the image had there. */
  readonly name: () => string;
}

async function engine(push: Push, { keepsNames = false } = {}): Promise<Engine> {
  const calls: string[] = [];
  let name = '';
  const fake = await fakeDaemon('docker', {
    control: () => ({
      listWorkers: () => ({ record: [{ labels: {} }] }),
      solve({ exporters }) {
        expect(exporters).toMatchObject([{ type: 'moby' }]);
        name = exporters[0]?.attrs['name'] ?? '';
        return {
          exporterResponse: {
            'image.name': name,
            'containerimage.digest': configDigest,
            'containerimage.config.digest': configDigest,
          },
        };
      },
    }),
    api({ method, url = '', headers }, response) {
      calls.push(`${method} ${url.replaceAll(/127\.0\.0\.1:\d+\/s[0-9a-f]{24}/g, 'NAME')}`);
      if (method === 'DELETE')
        return response.writeHead(keepsNames ? 409 : 200).end('{"message":"it is in use"}');
      expect(headers['x-registry-auth']).toBe('e30');
      response.writeHead(200).flushHeaders();
      const [, host, repository = ''] = /^\/images\/([^/]+)\/(.+)\/push\?tag=built$/.exec(url) ?? [];
      return void push(`http://${host}/v2`, repository).then((lines) =>
        response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join('')),
      );
    },
  });
  onTestFinished(fake.close);
  const daemon = await openDaemon({ address: fake.address, kind: 'docker' });
  onTestFinished(daemon.close);
  return {
    calls,
    name: () => name,
    build: (output, options) =>
      build({
        daemon,
        serve,
        context: { folder: '.' },
        outputs: [
          { type: 'registry', registry: memoryRegistry(), repository: 'team/app', tags: ['1.0'], ...output },
        ],
        ...options,
      }),
  };
}

const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const configDigest = digestOf(config);
const small = Buffer.from('a small layer');
const large = Buffer.alloc(10_500_000, 'a large layer');

const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const dockerManifest = (...layers: readonly Buffer[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig, digest: configDigest, size: config.length },
      layers: layers.map((bytes) => ({ mediaType: LAYER, digest: digestOf(bytes), size: bytes.length })),
    }),
  );

/** Pushes as Docker does: each blob by one request of a length that it does not tell, and then looks whether it is there. */
function pushes(...layers: readonly Buffer[]): Push {
  return async (root, repository) => {
    const at = `${root}/${repository}`;
    for (const blob of [...layers, config]) {
      const { headers } = await fetch(`${at}/blobs/uploads/`, { method: 'POST' });
      const upload = new URL(headers.get('location') ?? '', root).href;
      const body = new Blob([blob]).stream();
      const patched = await fetch(upload, { method: 'PATCH', body, duplex: 'half' });
      const end = new URL(patched.headers.get('location') ?? '', root).href;
      const put = await fetch(`${end}?digest=${digestOf(blob)}`, { method: 'PUT' });
      if (put.status !== 201) return [{ error: `unexpected status ${put.status}` }];
      expect((await fetch(`${at}/blobs/${digestOf(blob)}`, { method: 'HEAD' })).status).toBe(200);
    }
    const body = dockerManifest(...layers);
    const headers = { 'content-type': mediaTypes.dockerManifest };
    const put = await fetch(`${at}/manifests/built`, { method: 'PUT', body, headers });
    expect(put.headers.get('docker-content-digest')).toBe(digestOf(body));
    return [{ status: 'built: digest: …' }];
  };
}

/** A registry, and what it is asked for. */
function watched(registry: Registry): { readonly registry: Registry; readonly asked: Operation[] } {
  const asked: Operation[] = [];
  const watching = intercept(registry, (operation, next) => {
    asked.push(operation);
    return next(operation);
  });
  return { registry: watching, asked };
}

const REMOVED = 'DELETE /images/NAME:built?noprune=1&force=1';

describe('an engine that keeps its images by graph drivers pushes what it built to this process', () => {
  test('which writes it as an OCI image under the tags of the output, and takes the name away', async () => {
    const registry = memoryRegistry();
    const { build, calls } = await engine(pushes(small, large));
    const { digest, response } = await build({ registry });
    expect(calls).toEqual(['POST /images/NAME/push?tag=built', REMOVED]);
    const manifest = await registry.getManifest('team/app', '1.0');
    const { descriptor } = manifest;
    expect(descriptor).toMatchObject({ mediaType: mediaTypes.ociManifest, digest });
    expect(await manifest.json()).toMatchObject({
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: configDigest },
      layers: [small, large].map((bytes) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: digestOf(bytes),
      })),
    });
    for (const { digest, size } of [small, large].map((bytes) => ({
      digest: digestOf(bytes),
      size: bytes.length,
    })))
      expect(await registry.resolveBlob('team/app', digest)).toMatchObject({ size });
    expect(response).toEqual({
      'containerimage.config.digest': configDigest,
      'containerimage.digest': digest,
      'containerimage.descriptor': Buffer.from(JSON.stringify(descriptor)).toString('base64'),
    });
  });

  test('or as it came, where that is asked for', async () => {
    const { build } = await engine(pushes(small));
    const { digest } = await build({ attrs: { 'oci-mediatypes': 'false' } });
    expect(digest).toBe(digestOf(dockerManifest(small)));
  });

  test('which sends on no small layer that is there, and no large one before it is known to be missing', async () => {
    const { registry, asked } = watched(memoryRegistry());
    const digest = digestOf(small);
    await registry.pushBlob('team/app', { digest, size: small.length }, small);
    asked.length = 0;
    await (await engine(pushes(small, large))).build({ registry });
    expect(asked).toMatchObject([
      { name: 'pushBlob', options: { mountFrom: 'team/app' } },
      { name: 'startUpload', repository: 'team/app' },
      { name: 'pushBlob', options: { mountFrom: 'team/app' } },
      { name: 'pushManifest', options: { tags: ['1.0'] } },
    ]);
  });

  test('which lets in nobody else, and nothing else', async () => {
    const statuses: number[] = [];
    const { build } = await engine(async (root, repository) => {
      for (const [path, method] of [
        ['team/app/blobs/uploads/', 'POST'],
        [`${repository}/manifests/1.0`, 'GET'],
        [`${repository}/manifests/${configDigest}`, 'DELETE'],
        [`${repository}/tags/list`, 'GET'],
        ['_catalog', 'GET'],
      ])
        statuses.push((await fetch(`${root}/${path}`, { method: method ?? '' })).status);
      return [{ error: 'denied' }];
    });
    await expect(build({})).rejects.toThrow(/did not push \S+: denied$/);
    // The lists are empty.
    expect(statuses).toEqual([405, 405, 405, 200, 200]);
  });

  test('and what the registry behind fails with ends the push', async () => {
    const failure = new RegistryError('DENIED', 'registry.test: may not push', { status: 403 });
    const registry = intercept(memoryRegistry(), (operation, next) =>
      operation.name === 'pushBlob' ? Promise.reject(failure) : next(operation),
    );
    const { build, calls } = await engine(async (root, repository) => {
      await pushes(small)(root, repository);
      // Docker would try again.
      return new Promise(() => {});
    });
    await expect(build({ registry })).rejects.toBe(failure);
    expect(calls.at(-1)).toBe(REMOVED);
  });

  test('and one that does not get here may be in another network', async () => {
    const { build, calls } = await engine(async () => [{ status: 'Preparing' }, { error: 'refused' }]);
    await expect(build({})).rejects.toThrow(
      /: refused; the engine did not get at .*"containerd-snapshotter"/,
    );
    expect(calls.at(-1)).toBe(REMOVED);
  });

  test('until it is called off: the name goes then too', async () => {
    const off = new AbortController();
    const { build, calls } = await engine(() => {
      off.abort();
      return new Promise(() => {});
    });
    await expect(build({}, { signal: off.signal })).rejects.toThrow('aborted');
    expect(calls.at(-1)).toBe(REMOVED);
  });

  test('and shows how far it is, and a name that it keeps', async () => {
    const told: StatusUpdate[] = [];
    const { build, name } = await engine(
      async (root, repository) => [
        { status: 'Preparing', id: 'a1' },
        { status: 'Pushing', id: 'a1', progressDetail: { current: 5, total: 13 } },
        { status: 'Pushed', id: 'a1' },
        ...(await pushes(small)(root, repository)),
      ],
      { keepsNames: true },
    );
    await build({}, { onProgress: (update) => told.push(update) });
    const [begun, ended] = told.flatMap(({ vertexes }) => vertexes);
    expect(begun).toMatchObject({ name: 'pushing the image from the engine' });
    expect(ended).toMatchObject({ digest: begun?.digest, completed: {}, error: '' });
    expect(told.flatMap(({ statuses }) => statuses)).toMatchObject([
      { id: 'layer a1', current: 5n, total: 13n },
      { id: 'layer a1', current: 13n, total: 13n, completed: {} },
    ]);
    const warnings = told.flatMap((update) => update.warnings).map(({ short }) => String(short));
    expect(warnings).toEqual([expect.stringContaining(`still calls the image ${name()}`)]);
  });
});
