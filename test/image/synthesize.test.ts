import { describe, expect, test } from 'vitest';
import { synthesizeIndex } from '../../src/image/index.ts';
import { mediaTypes, parseDockerName, type Reference } from '../../src/oci/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { graph, multi, noting, type Graph } from './graph.ts';

const at = (repository: string): Reference => ({ host: 'registry.test', repository, tag: '1' });

/** What is made of a graph that stands at `r:1`, with names for digests, and what was asked for. */
async function synthesized(g: Graph, top = 'index') {
  const store = memoryRegistry({ sparse: true });
  await g.push(store, 'r', { tags: { 1: top } });
  const { registry, notes } = noting(store, g);
  const index = await synthesizeIndex(registry, at('r'));
  return { index: g.named(index), raw: index, notes };
}

test('an index is kept; attestations go with their image', async () => {
  const { index, notes } = await synthesized(multi);
  const { size, mediaType } = multi.descriptor('amd');
  expect(index).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      {
        mediaType,
        digest: 'amd',
        size,
        annotations: {
          'com.docker.official-images.bashbrew.arch': 'amd64',
          'org.opencontainers.image.ref.name': 'registry.test/r:1@amd',
        },
        platform: { architecture: 'amd64', os: 'linux' },
      },
      {
        mediaType,
        digest: 'arm',
        size: multi.descriptor('arm').size,
        annotations: {
          'com.docker.official-images.bashbrew.arch': 'arm64v8',
          'org.opencontainers.image.ref.name': 'registry.test/r:1@arm',
        },
        platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
      },
      {
        mediaType,
        digest: 'att',
        size: multi.descriptor('att').size,
        annotations: {
          'com.docker.official-images.bashbrew.arch': 'amd64',
          'org.opencontainers.image.ref.name': 'registry.test/r:1@att',
          'vnd.docker.reference.digest': 'amd',
          'vnd.docker.reference.type': 'attestation-manifest',
        },
        platform: { architecture: 'unknown', os: 'unknown' },
      },
    ],
    annotations: { 'org.opencontainers.image.ref.name': 'registry.test/r:1@index' },
  });
  expect(notes).toEqual(['getManifest 1']);
});

const config = (text: string) => ({ text, mediaType: mediaTypes.ociConfig });
const linux = config('{"architecture":"arm","os":"linux","variant":"v6"}');

test('a Docker list stays one', async () => {
  const list = graph({ manifests: { index: { mediaType: mediaTypes.dockerList, manifests: [] } } });
  expect((await synthesized(list)).index.mediaType).toBe(mediaTypes.dockerList);
});

test.each([
  [mediaTypes.ociManifest, mediaTypes.ociIndex],
  [mediaTypes.dockerManifest, mediaTypes.dockerList],
])('a lone %s is wrapped in %s', async (mediaType, wrapped) => {
  const lone = graph({
    blobs: { config: linux },
    manifests: { image: { mediaType, config: 'config', layers: [] } },
  });
  const { index, notes } = await synthesized(lone, 'image');
  expect(index.mediaType).toBe(wrapped);
  expect(index.manifests).toMatchObject([
    { mediaType, digest: 'image', platform: { architecture: 'arm', os: 'linux', variant: 'v6' } },
  ]);
  expect(index.annotations).toEqual({ 'org.opencontainers.image.ref.name': 'registry.test/r:1@image' });
  expect(notes).toEqual(['getManifest 1', 'getBlob config']);
});

describe('platforms', () => {
  const of = (entry: object, config = linux): Graph =>
    graph({
      blobs: { config },
      manifests: {
        image: { config: 'config', layers: [] },
        index: { manifests: [{ of: 'image', ...entry }] },
      },
    });

  test.each([
    [{}],
    [{ platform: { architecture: '', os: '' } }],
    [{ platform: { architecture: 'arm', os: '' } }],
  ])('that are missing are read from the config: %j', async (entry) => {
    const { index, notes } = await synthesized(of(entry));
    expect(index.manifests[0]).toMatchObject({
      annotations: { 'com.docker.official-images.bashbrew.arch': 'arm32v6' },
      platform: { architecture: 'arm', os: 'linux', variant: 'v6' },
    });
    expect(notes).toEqual(['getManifest 1', 'getManifest image', 'getBlob config']);
  });

  test('from what the index carries itself: no request', async () => {
    const inner = graph({
      blobs: { config: linux },
      manifests: {
        image: {
          config: { of: 'config', data: Buffer.from(linux.text).toString('base64') },
          layers: [],
        },
      },
    });
    const data = Buffer.from(inner.bytes('image')).toString('base64');
    const outer = graph({
      blobs: { config: linux },
      manifests: {
        image: {
          config: { of: 'config', data: Buffer.from(linux.text).toString('base64') },
          layers: [],
        },
        index: { manifests: [{ of: 'image', data }] },
      },
    });
    const { index, notes } = await synthesized(outer);
    expect(notes).toEqual(['getManifest 1']);
    expect(index.manifests[0]).toMatchObject({ platform: { variant: 'v6' } });
    // What is embedded may be large, and is not said again.
    expect(index.manifests[0]).not.toHaveProperty('data');
  });

  test.each([
    [{ architecture: 'x86_64', os: 'Linux' }, { architecture: 'amd64', os: 'linux' }, 'amd64'],
    [
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'arm64', os: 'linux', variant: 'v8' },
      'arm64v8',
    ],
    [{ architecture: 'arm', os: 'linux' }, { architecture: 'arm', os: 'linux', variant: 'v7' }, 'arm32v7'],
    [{ architecture: 'i386', os: 'linux' }, { architecture: '386', os: 'linux' }, 'i386'],
    [
      { 'os.version': '10.0.1', os: 'windows', architecture: 'amd64' },
      { architecture: 'amd64', os: 'windows', 'os.version': '10.0.1' },
      'windows-amd64',
    ],
    [{ architecture: 'wasm', os: 'wasi' }, { architecture: 'wasm', os: 'wasi' }, undefined],
  ])('are normalised: %j', async (platform, normal, bashbrew) => {
    const [entry] = (await synthesized(of({ platform }))).raw.manifests;
    expect(JSON.stringify(entry?.platform)).toBe(JSON.stringify(normal));
    expect(entry?.annotations?.['com.docker.official-images.bashbrew.arch']).toBe(bashbrew);
  });

  test.each([['{}'], ['null'], ['[]'], ['{"os":"linux"}'], ['{"os":1,"architecture":"amd64"}']])(
    'that nobody tells are left away: %s',
    async (text) => {
      const [entry] = (await synthesized(of({}, config(text)))).index.manifests;
      expect(entry).not.toHaveProperty('platform');
    },
  );

  test('a config that is no JSON is an error of the image', async () => {
    await expect(synthesized(of({}, config('<html>')))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      repository: 'r',
    });
  });

  test('what is no image is not looked into', async () => {
    const artifact = graph({
      blobs: { config: { text: '{}', mediaType: mediaTypes.ociEmpty } },
      manifests: { image: { config: 'config', layers: [] } },
    });
    const { index, notes } = await synthesized(artifact, 'image');
    expect(index.manifests[0]).not.toHaveProperty('platform');
    expect(notes).toEqual(['getManifest 1']);
  });
});

describe('entries', () => {
  const platform = { architecture: 'amd64', os: 'linux' };
  const attests = (subject: string) => ({
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': subject,
  });
  const parts = {
    blobs: { config: config('{}') },
    images: {
      one: { config: 'config', layers: [], annotations: { name: 'one' } },
      two: { config: 'config', layers: [], annotations: { name: 'two' } },
    },
  };

  test('that attest to what is not there are dropped', async () => {
    const dangling = graph({
      blobs: parts.blobs,
      manifests: {
        ...parts.images,
        index: {
          manifests: [
            { of: 'one', platform, annotations: attests('sha256:gone') },
            { of: 'two', platform },
          ],
        },
      },
    });
    expect((await synthesized(dangling)).index.manifests).toMatchObject([{ digest: 'two' }]);
  });

  test('that are there twice come once, as they stood first', async () => {
    const twice = graph({
      blobs: parts.blobs,
      manifests: {
        ...parts.images,
        index: {
          manifests: [
            { of: 'one', platform },
            { of: 'two', platform },
            { of: 'one', platform: { ...platform, architecture: 's390x' } },
          ],
        },
      },
    });
    expect((await synthesized(twice)).index.manifests).toMatchObject([
      { digest: 'one', platform },
      { digest: 'two' },
    ]);
  });

  test('their annotations are sorted; what they say of our names is not believed', async () => {
    const lying = graph({
      blobs: parts.blobs,
      manifests: {
        ...parts.images,
        index: {
          manifests: [
            {
              of: 'one',
              platform,
              annotations: {
                'z.last': '1',
                'com.docker.official-images.bashbrew.arch': 'riscv64',
                'org.opencontainers.image.ref.name': 'elsewhere',
                'a.first': '2',
              },
            },
          ],
          annotations: { 'z.index': '1', 'a.index': '2', 'org.opencontainers.image.ref.name': 'elsewhere' },
        },
      },
    });
    const { index } = await synthesized(lying);
    expect(Object.entries(index.manifests[0]?.annotations ?? {})).toEqual([
      ['a.first', '2'],
      ['com.docker.official-images.bashbrew.arch', 'amd64'],
      ['org.opencontainers.image.ref.name', 'registry.test/r:1@one'],
      ['z.last', '1'],
    ]);
    expect(Object.entries(index.annotations)).toEqual([
      ['a.index', '2'],
      ['org.opencontainers.image.ref.name', 'registry.test/r:1@index'],
      ['z.index', '1'],
    ]);
  });
});

test('a reference without a tag means `latest`, and is named without; a digest goes before a tag', async () => {
  const store = memoryRegistry({ sparse: true });
  await multi.push(store, 'library/r', { tags: { latest: 'index' } });
  const named = async (text: string): Promise<string | undefined> =>
    multi.named(await synthesizeIndex(store, parseDockerName(text))).annotations[
      'org.opencontainers.image.ref.name'
    ];
  expect(await named('r')).toBe('docker.io/library/r@index');
  expect(await named('docker.io/library/r:latest')).toBe('docker.io/library/r:latest@index');
  expect(await named(`r:no@${multi.digest('amd')}`)).toBe('docker.io/library/r:no@amd');
  await expect(synthesizeIndex(store, parseDockerName('r:no'))).rejects.toMatchObject({ status: 404 });
});
