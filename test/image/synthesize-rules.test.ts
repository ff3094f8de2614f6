import { describe, expect, test } from 'vitest';
import { isAbsent, synthesizeIndex } from '../../src/image/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import { contentOfBytes, intercept, RegistryError, type Registry } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { graph, multi, noting, type Entry, type Graph, type ManifestPlan } from './graph.ts';

const ARCH = 'com.docker.official-images.bashbrew.arch';
const linux = { architecture: 'amd64', os: 'linux' };
const unknown = { architecture: 'unknown', os: 'unknown' };
const attests = (subject: string) => ({
  'vnd.docker.reference.type': 'attestation-manifest',
  'vnd.docker.reference.digest': subject,
});

/** Three images, and what stands above them. */
const over = (manifests: Readonly<Record<string, ManifestPlan>>): Graph =>
  graph({
    blobs: { config: { text: JSON.stringify(linux), mediaType: mediaTypes.ociConfig } },
    manifests: {
      one: { config: 'config', layers: [], annotations: { name: 'one' } },
      two: { config: 'config', layers: [], annotations: { name: 'two' } },
      three: { config: 'config', layers: [], annotations: { name: 'three' } },
      ...manifests,
    },
  });
const listing = (manifests: readonly (string | Entry)[], more: object = {}): Graph =>
  over({ index: { manifests, ...more } });

async function holding(g: Graph, without: readonly string[] = []): Promise<Registry> {
  const store = memoryRegistry({ sparse: true });
  await g.push(store, 'r', { tags: { 1: 'index' }, without });
  return store;
}

async function synthesized(g: Graph) {
  const { registry, notes } = noting(await holding(g), g);
  const index = await synthesizeIndex(registry, { host: 'registry.test', repository: 'r', tag: '1' });
  return { index: g.named(index), notes };
}
const entries = async (g: Graph) =>
  (await synthesized(g)).index.manifests.map(({ digest, annotations }) => [digest, annotations?.[ARCH]]);

describe('attestations', () => {
  test('belong to their image, wherever it stands in the list', async () => {
    const g = listing([
      { of: 'two', platform: unknown, annotations: attests('@one') },
      { of: 'one', platform: linux },
    ]);
    expect(await entries(g)).toEqual([
      ['two', 'amd64'],
      ['one', 'amd64'],
    ]);
  });

  test('of attestations belong to the same image', async () => {
    const g = listing([
      { of: 'one', platform: linux },
      { of: 'two', platform: unknown, annotations: attests('@one') },
      { of: 'three', platform: unknown, annotations: attests('@two') },
    ]);
    expect(await entries(g)).toEqual([
      ['one', 'amd64'],
      ['two', 'amd64'],
      ['three', 'amd64'],
    ]);
  });

  test.each([
    ['of an image for what is not built', { platform: { architecture: 'loong64', os: 'linux' } }, '@one'],
    ['of themselves', { platform: linux }, '@two'],
  ])('%s are dropped', async (_, one, subject) => {
    const g = listing([
      { of: 'one', ...one },
      { of: 'two', platform: unknown, annotations: attests(subject) },
    ]);
    expect((await entries(g)).map(([digest]) => digest)).toEqual(['one']);
  });

  test('of nothing are dropped, and not read for their platform', async () => {
    const g = listing([
      { of: 'one', platform: linux },
      { of: 'two', annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
      { of: 'three', annotations: attests(`sha256:${'0'.repeat(64)}`) },
    ]);
    const { index, notes } = await synthesized(g);
    expect(index.manifests).toMatchObject([{ digest: 'one' }]);
    expect(notes).toEqual(['getManifest 1']);
  });
});

describe('fields', () => {
  test('of an index stay, in the order in which Go writes them', async () => {
    const g = listing([], {
      annotations: { a: '1' },
      subject: 'three',
      artifactType: 'application/vnd.example+json',
      unheard: 'of',
    });
    expect(Object.entries((await synthesized(g)).index)).toEqual([
      ['schemaVersion', 2],
      ['mediaType', mediaTypes.ociIndex],
      ['artifactType', 'application/vnd.example+json'],
      ['manifests', []],
      ['subject', { mediaType: mediaTypes.ociManifest, digest: 'three', size: g.descriptor('three').size }],
      ['annotations', { a: '1', 'org.opencontainers.image.ref.name': 'registry.test/r:1@index' }],
    ]);
  });

  test('of an entry stay if they are known and not empty', async () => {
    const kept = {
      urls: ['https://registry.test/x'],
      artifactType: 'application/vnd.example+json',
    };
    const g = listing([
      { of: 'one', platform: { ...linux, features: ['sse4'], variant: '', 'os.features': [] }, more: 1 },
      { of: 'two', platform: linux, urls: [], artifactType: '', annotations: null },
      { of: 'three', platform: linux, ...kept },
    ]);
    const { manifests } = (await synthesized(g)).index;
    const fields = ['mediaType', 'digest', 'size', 'annotations', 'platform'];
    expect(manifests.map((entry) => Object.keys(entry))).toEqual([
      fields,
      fields,
      ['mediaType', 'digest', 'size', 'urls', 'annotations', 'platform', 'artifactType'],
    ]);
    expect(manifests[0]?.platform).toEqual(linux);
    expect(manifests[2]).toMatchObject(kept);
  });

  test('what is embedded in the subject is not printed', async () => {
    const g = listing([]);
    const one = g.descriptor('one');
    const data = Buffer.from(g.bytes('one')).toString('base64');
    const subject = { ...one, data, platform: { os: '' } };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [], subject }));
    const store = memoryRegistry({ sparse: true });
    await store.pushManifest('r', bytes, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
    const index = await synthesizeIndex(store, { repository: 'r', tag: '1' });
    expect(index.subject).toEqual({ ...one, platform: { architecture: '', os: '' } });
  });
});

test('an index in an index is not looked into', async () => {
  const g = over({
    inner: { manifests: ['one'] },
    other: { manifests: ['two'] },
    index: {
      manifests: [
        { of: 'inner', platform: { os: 'linux' } },
        { of: 'other', platform: linux },
      ],
    },
  });
  const { index, notes } = await synthesized(g);
  expect(index.manifests[0]).not.toHaveProperty('platform');
  expect(index.manifests[1]).toMatchObject({ platform: linux, annotations: { [ARCH]: 'amd64' } });
  expect(notes).toEqual(['getManifest 1']);
});

test('names of platforms do not run together', async () => {
  const g = listing([{ of: 'one', platform: { os: 'linux/arm', architecture: 'v5' } }]);
  expect(await entries(g)).toEqual([['one', undefined]]);
});

test('what is neither an image nor an index is an error', async () => {
  const g = over({ index: { mediaType: 'application/vnd.oci.artifact.manifest.v1+json', blobs: [] } });
  await expect(synthesized(g)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('vnd.oci.artifact.manifest'),
  });
});

describe('embedded data', () => {
  const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

  test('that is not what it stands for makes the document a lie', async () => {
    const { size, ...one } = multi.descriptor('amd');
    for (const data of [base64('{}'), base64(Buffer.alloc(size))]) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...one, size, data }] }));
      const descriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
      const store = { ...memoryRegistry(), getManifest: async () => contentOfBytes(bytes, { descriptor }) };
      await expect(synthesizeIndex(store, { repository: 'r' })).rejects.toMatchObject({
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining('/manifests/0/data: does not match digest and size'),
      });
    }
  });

  test('that cannot be verified is not believed: the registry is asked', async () => {
    const g = listing([]);
    const digest = 'blake3:abc';
    const data = base64('{"schemaVersion":2}');
    const index = {
      schemaVersion: 2,
      manifests: [{ mediaType: mediaTypes.ociManifest, digest, size: 19, data }],
    };
    const store = memoryRegistry({ sparse: true });
    await g.push(store, 'r');
    const bytes = Buffer.from(JSON.stringify(index));
    await store.pushManifest('r', bytes, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
    const { registry, notes } = noting(store, g);
    await expect(synthesizeIndex(registry, { repository: 'r', tag: '1' })).rejects.toThrow();
    expect(notes).toEqual(['getManifest 1', `getManifest ${digest}`]);
  });
});

describe('what is not there', () => {
  const g = listing(['one']);
  const failing = async (name: string, error: RegistryError): Promise<Registry> =>
    intercept(await holding(g), (operation, next) =>
      'reference' in operation && operation.reference === (name === 'index' ? '1' : g.digest(name))
        ? Promise.reject(error)
        : next(operation),
    );
  const read = (registry: Registry) => synthesizeIndex(registry, { repository: 'r', tag: '1' });
  const errorOf = (registry: Registry): Promise<unknown> => read(registry).catch((error: unknown) => error);
  const answers: readonly (readonly [string, RegistryError])[] = [
    ['404', new RegistryError('NAME_UNKNOWN', 'no', { status: 404 })],
    ['404 of another name', new RegistryError('NOT_FOUND', 'no', { status: 404 })],
    ['401', new RegistryError('UNAUTHORIZED', 'no', { status: 401 })],
    ['403', new RegistryError('DENIED', 'no', { status: 403 })],
  ];

  test.each(answers)('is absent: %s', async (_, error) => {
    expect(isAbsent(await errorOf(await failing('index', error)))).toBe(true);
  });

  test.each(answers)('but not where a part is missing: %s', async (_, error) => {
    const got = await errorOf(await failing('one', error));
    expect(isAbsent(got)).toBe(false);
    expect(got).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN', detail: [g.digest('one')], cause: error });
  });

  test('nor where the registry is in trouble', async () => {
    const error = new RegistryError('UNAVAILABLE', 'no', { status: 503 });
    expect(isAbsent(await errorOf(await failing('index', error)))).toBe(false);
    expect(await errorOf(await failing('one', error))).toBe(error);
  });

  test('a config', async () => {
    const store = await holding(g, ['config']);
    await expect(read(store)).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
  });
});
