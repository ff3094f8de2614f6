import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isAbsent, validateImage, type ValidateOptions } from '../../../src/image/index.ts';
import { digestOf, mediaTypes, parseDigest, type Digest } from '../../../src/oci/index.ts';
import {
  contentOf,
  contentOfBytes,
  notFound,
  RegistryError,
  type Registry,
} from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { graph, multi, noting, type Graph } from '../graph.ts';
import { GZIP, pictured } from './images.ts';

interface Held {
  readonly without?: readonly string[];
  /** Things whose bytes are others than they should be. */
  readonly corrupt?: readonly string[];
  readonly top?: string;
}

/** A registry with a graph at `r:1`. */
async function holding(g: Graph, { without = [], corrupt = [], top = 'top' }: Held = {}): Promise<Registry> {
  const store = memoryRegistry({ sparse: true });
  await g.push(store, 'r', { tags: { 1: top }, without });
  const wrong = new Map(corrupt.map((name) => [g.digest(name), g.bytes(name)]));
  const spoil = (digest: Digest) => {
    const bytes = Buffer.from(wrong.get(digest) ?? []);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    return contentOfBytes(bytes, { descriptor: { mediaType: '', digest, size: bytes.length } });
  };
  return {
    ...store,
    getBlob: async (repository, digest, options) =>
      wrong.has(digest) ? spoil(digest) : store.getBlob(repository, digest, options),
    getManifest: async (repository, reference, options) =>
      wrong.has(reference as Digest)
        ? spoil(reference as Digest)
        : store.getManifest(repository, reference, options),
  };
}

async function found(g: Graph, { held = {}, ...options }: ValidateOptions & { readonly held?: Held } = {}) {
  const { registry, notes } = noting(await holding(g, held), g);
  const problems = await validateImage(registry, { repository: 'r', tag: '1' }, options);
  const told = g.named(problems.filter(({ rule }) => rule !== 'official'));
  return {
    told: told.map(({ document, pointer, severity }) => [document, pointer, severity]),
    notes,
    problems,
  };
}

test.each([
  [false, 'warning'],
  [true, 'error'],
])(
  'a digest that cannot be verified is told, also of the image itself (official: %s)',
  async (official, severity) => {
    const registry = await holding(pictured(), {});
    const digest = parseDigest(`blake3:${'0'.repeat(64)}`);
    const unchecked: Registry = {
      ...registry,
      getManifest: (repository, reference, options) =>
        registry.getManifest(repository, reference === digest ? '1' : reference, options),
    };
    expect(await validateImage(unchecked, { repository: 'r', digest }, { official })).toEqual([
      {
        severity,
        rule: 'official',
        document: '',
        pointer: '',
        message: `"${digest}" cannot be verified here`,
      },
    ]);
  },
);

test('there is nothing wrong with a good image: everything is read once, layers are asked for', async () => {
  const { problems, notes } = await found(pictured(), { official: true });
  expect(problems).toEqual([]);
  expect(notes).toEqual([
    'getManifest 1',
    'getManifest image',
    'getBlob config',
    'resolveBlob layer',
    'resolveBlob plain',
  ]);
});

test('layers are read, or unpacked, where that is wanted', async () => {
  for (const layers of ['read', 'unpack'] as const) {
    const { problems, notes } = await found(pictured(), { layers });
    expect(problems).toEqual([]);
    expect(notes.slice(-2)).toEqual(['getBlob layer', 'getBlob plain']);
  }
});

test('what several images have in common is read once', async () => {
  const { notes } = await found(multi, { held: { top: 'index' } });
  expect(notes).toHaveLength(new Set(notes).size);
  expect(notes).toContain('resolveBlob shared');
});

test('what is wrong with something that is listed twice is told once', async () => {
  const g = graph({
    blobs: { config: { text: '{}', mediaType: mediaTypes.ociConfig } },
    manifests: { image: { config: 'config', layers: [] }, top: { manifests: ['image', 'image'] } },
  });
  const { told } = await found(g);
  expect(told.filter(([document]) => document === 'config')).toEqual([
    ['config', '/architecture', 'error'],
    ['config', '/os', 'error'],
    ['config', '/rootfs', 'error'],
  ]);
});

describe('what is referred to', () => {
  test.each([
    ['image', ['', '/manifests/0/digest', 'error']],
    ['config', ['image', '/config/digest', 'error']],
    ['layer', ['image', '/layers/0/digest', 'error']],
  ])('has to be there: %s', async (name, problem) => {
    expect((await found(pictured(), { held: { without: [name] } })).told).toEqual([problem]);
  });

  test.each([
    ['image', ['', '/manifests/0/digest', 'error']],
    ['config', ['image', '/config/digest', 'error']],
    ['layer', ['image', '/layers/0/digest', 'error']],
    ['plain', ['image', '/layers/1/digest', 'error']],
  ])('has to have its digest: %s', async (name, problem) => {
    const { told, problems } = await found(pictured(), { layers: 'read', held: { corrupt: [name] } });
    expect(told).toEqual([problem]);
    expect(problems[0]?.message).toContain('expected sha256:');
  });

  test.each([
    ['an image', { entry: { size: 7 } }, ['', '/manifests/0/size', 'error']],
    ['a config', { image: { config: { of: 'config', size: 7 } } }, ['image', '/config/size', 'error']],
    ['a layer', { layer: { size: 7 } }, ['image', '/layers/0/size', 'error']],
  ])('has to have its size: %s', async (_, difference, problem) => {
    for (const layers of ['resolve', 'read', 'unpack'] as const)
      expect((await found(pictured(difference), { layers })).told).toEqual([problem]);
  });

  test('has to be of its type', async () => {
    const docker = { entry: { mediaType: mediaTypes.dockerManifest } };
    expect((await found(pictured(docker))).told).toEqual([['', '/manifests/0/mediaType', 'error']]);
    const list = { entry: { mediaType: mediaTypes.ociIndex } };
    expect((await found(pictured(list))).told).toContainEqual(['', '/manifests/0/mediaType', 'error']);
  });

  test('has to be of its artifact type, for the Docker Official Images', async () => {
    const { problems } = await found(pictured({ entry: { artifactType: 'a/b' } }));
    expect(problems.filter(({ message }) => message.includes('the document nothing'))).toMatchObject([
      { pointer: '/manifests/0/artifactType', rule: 'official', severity: 'warning' },
    ]);
  });

  test('need not be there if it may not be distributed', async () => {
    const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const g = pictured({ layer: { mediaType: foreign, urls: ['https://registry.test/layer'] } });
    expect((await found(g, { held: { without: ['layer'] } })).told).toEqual([
      ['image', '/layers/0/mediaType', 'warning'],
    ]);
  });

  test('and is of a type that nobody knows, has to be there all the same', async () => {
    const g = pictured({ entry: { mediaType: 'application/vnd.example+json' } });
    expect((await found(g)).told).toEqual([]);
    expect((await found(g, { held: { without: ['image'] } })).told).toEqual([
      ['', '/manifests/0/digest', 'error'],
    ]);
  });
});

describe('a config', () => {
  test.each([
    ['for another machine', { architecture: 'amd64' }, ['', '/manifests/0/platform/architecture', 'error']],
    ['for another system', { os: 'windows' }, ['', '/manifests/0/platform/os', 'error']],
    ['for another variant', { variant: 'v9' }, ['', '/manifests/0/platform/variant', 'warning']],
    [
      'with too few diff_ids',
      { rootfs: { type: 'layers', diff_ids: [] } },
      ['config', '/rootfs/diff_ids', 'error'],
    ],
    ['with too short a history', { history: [] }, ['config', '/history', 'warning']],
    ['without an os', { os: undefined }, ['config', '/os', 'error']],
  ])('%s', async (_, config, problem) => {
    expect((await found(pictured({ config }))).told).toEqual([problem]);
  });

  test('for the same machine in other words', async () => {
    expect((await found(pictured({ config: { architecture: 'aarch64', variant: 'v8' } }))).told).toEqual([]);
  });

  test('of an attestation is for no machine, whatever it says', async () => {
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': `sha256:${'0'.repeat(64)}`,
    };
    const entry = { platform: { os: 'unknown', architecture: 'unknown' } };
    expect((await found(pictured({ entry }))).told).toHaveLength(2);
    expect((await found(pictured({ entry: { ...entry, annotations } }))).told).toEqual([]);
  });

  test.each([
    ['no JSON', '<html>'],
    ['a list', '[]'],
  ])('that is %s', async (_, text) => {
    const g = graph({
      blobs: { config: { text, mediaType: mediaTypes.ociConfig }, layer: 'x' },
      manifests: { top: { config: 'config', layers: ['layer'] } },
    });
    expect((await found(g)).told).toEqual([['config', '', 'error']]);
  });
});

describe('inside of layers', () => {
  const other = digestOf(Buffer.from('other'));
  const unpacked = async (g: Graph) => (await found(g, { layers: 'unpack' })).told;

  test('are the files that the config says', async () => {
    const rootfs = { type: 'layers', diff_ids: [other, digestOf(Buffer.from('plain'))] };
    expect(await unpacked(pictured({ config: { rootfs } }))).toEqual([
      ['config', '/rootfs/diff_ids/0', 'error'],
    ]);
  });

  test.each([
    ['what is not compressed', Buffer.from('the files of a layer')],
    ['what ends in the middle', gzipSync('the files of a layer').subarray(0, -9)],
  ])('%s', async (_, bytes) => {
    expect(await unpacked(pictured({ bytes }))).toEqual([['image', '/layers/0/mediaType', 'error']]);
  });

  test('nothing stands behind the end of what is compressed', async () => {
    const bytes = Buffer.concat([gzipSync('the files of a layer'), Buffer.alloc(3_000_000, 'x')]);
    const g = pictured({ bytes });
    const registry = await holding(g);
    const inPieces: Registry['getBlob'] = async (repository, digest, options) => {
      const content = await registry.getBlob(repository, digest, options);
      const all = await content.bytes();
      const pieces = async function* () {
        for (let at = 0; at < all.length; at += 10_000) yield all.subarray(at, at + 10_000);
      };
      return contentOf(pieces(), { descriptor: content.descriptor });
    };
    const place = { repository: 'r', tag: '1' };
    const problems = await validateImage({ ...registry, getBlob: inPieces }, place, { layers: 'unpack' });
    expect(problems).toMatchObject([
      { pointer: '/layers/0/mediaType', message: expect.stringContaining('cannot be unpacked') },
    ]);
  });

  test('what is compressed, and said to be plain', async () => {
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar' };
    expect(await unpacked(pictured({ layer }))).toEqual([['config', '/rootfs/diff_ids/0', 'error']]);
  });

  test('zstd is unpacked where Node can, and else said to be unknown', async () => {
    const layer = { mediaType: GZIP.replace('gzip', 'zstd') };
    const [problem] = await unpacked(pictured({ layer }));
    const severity = 'createZstdDecompress' in (await import('node:zlib')) ? 'error' : 'warning';
    expect(problem).toEqual(['image', '/layers/0/mediaType', severity]);
  });
});

describe('the document itself', () => {
  test('that is not there is no problem of its own', async () => {
    const asked = validateImage(memoryRegistry(), { repository: 'r', tag: '1' });
    expect(isAbsent(await asked.catch((error: unknown) => error))).toBe(true);
  });

  test('that is another than was asked for', async () => {
    const g = pictured();
    const registry = await holding(g, { corrupt: ['top'] });
    const problems = await validateImage(registry, { repository: 'r', digest: g.digest('top') });
    expect(problems).toMatchObject([{ severity: 'error', document: '', pointer: '' }]);
  });

  test('without a media type is what it was sent as', async () => {
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const registry = { ...memoryRegistry(), getManifest: async () => contentOfBytes(bytes, { descriptor }) };
    const problems = await validateImage(registry, { repository: 'r' });
    expect(problems.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/config', '/layers']));
  });

  test('an index in an index in an index is followed, but not without end', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `index-${at}`);
    const manifests = Object.fromEntries(
      names.map((name, at) => [name, { manifests: at === 0 ? [] : [names[at - 1] as string], name }]),
    );
    const { told } = await found(graph({ manifests }), { held: { top: 'index-11' } });
    expect(told).toEqual([['index-3', '/manifests/0', 'error']]);
  });
});

test('a registry that cannot be reached is not a problem of the image', async () => {
  const g = pictured();
  const gone = new RegistryError('UNAVAILABLE', 'no answer', { status: 503 });
  const registry = { ...(await holding(g)), resolveBlob: async () => Promise.reject(gone) };
  await expect(validateImage(registry, { repository: 'r', tag: '1' })).rejects.toBe(gone);
  const missing = notFound('BLOB_UNKNOWN', 'r', 'x');
  const without = { ...(await holding(g)), resolveBlob: async () => Promise.reject(missing) };
  expect(await validateImage(without, { repository: 'r', tag: '1' })).toHaveLength(2);
});
