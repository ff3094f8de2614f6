import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { annotations, digestOf, mediaTypes } from '../../../src/oci/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { layoutRegistry, singleLayout } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, entry, image, index, pathOf, piece, push, pushBlob } from './image.ts';

const folder = temporaryFolder();
let registry: Registry;
beforeEach(() => {
  registry = singleLayout(folder());
});

async function document(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder(), 'index.json'), 'utf8')) as Record<string, unknown>;
}
const entries = async (): Promise<unknown> => (await document())['manifests'];

describe('a new layout', () => {
  test('has the files that the specification asks for', async () => {
    await pushBlob(registry, 'layout', config);
    expect(await readFile(join(folder(), 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(await document()).toEqual({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    expect(await readFile(join(folder(), pathOf(config.descriptor.digest)))).toEqual(config.bytes);
    expect((await readdir(folder())).sort()).toEqual(['.stowage', 'blobs', 'index.json', 'oci-layout']);
  });

  test('is not made by reads, nor by an upload alone', async () => {
    const root = join(folder(), 'root');
    const many = layoutRegistry(root);
    await expect(many.getManifest('x', 'v1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN', status: 404 });
    await expect(many.resolveBlob('x', config.descriptor.digest)).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
    });
    await expect(many.deleteManifest('x', 'v1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(await all(many.referrers('x', config.descriptor.digest))).toEqual([]);
    expect(await readdir(folder())).toEqual([]);
    await many.startUpload('x');
    await expect(all(many.tags('x'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(await all(many.repositories())).toEqual([]);
  });

  test('is not made by a push that fails', async () => {
    const root = join(folder(), 'root');
    const many = layoutRegistry(root);
    await expect(many.pushBlob('x', config.descriptor, Buffer.from('wrong'))).rejects.toMatchObject({
      code: 'SIZE_INVALID',
    });
    await expect(push(many, 'x', image('a'), 'v1')).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
    expect(await all(many.repositories())).toEqual([]);
    expect(await readdir(join(root, 'x/.stowage/tmp'))).toEqual([]);
  });
});

test('a single layout has one repository', async () => {
  const named = singleLayout(folder(), { repository: 'a/b' });
  await pushBlob(named, 'a/b', config);
  expect(await all(named.repositories())).toEqual(['a/b']);
  expect(await all(named.repositories({ after: 'a/b' }))).toEqual([]);
  await expect(named.resolveBlob('layout', config.descriptor.digest)).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
  });
  await expect(pushBlob(named, 'other', config)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  expect(await named.mountBlob('a/b', config.descriptor.digest, 'other')).toBe(false);
  expect(await all(named.referrers('other', config.descriptor.digest))).toEqual([]);
  expect(() => singleLayout(folder(), { repository: 'A' })).toThrow(
    expect.objectContaining({ code: 'NAME_INVALID' }),
  );
});

describe('entries', () => {
  const [a, b] = [image('a'), image('b')];
  beforeEach(() => pushBlob(registry, 'layout', config));

  test('one for each tag, none besides', async () => {
    await push(registry, 'layout', a);
    expect(await entries()).toEqual([entry(a)]);
    await push(registry, 'layout', a, 'v1', 'v2', 'v1');
    expect(await entries()).toEqual([entry(a, 'v1'), entry(a, 'v2')]);
    await push(registry, 'layout', a);
    expect(await entries()).toEqual([entry(a, 'v1'), entry(a, 'v2')]);
  });

  test('a tag that moves leaves its manifest behind', async () => {
    await push(registry, 'layout', a, 'v1', 'v2');
    await push(registry, 'layout', b, 'v1');
    expect(await entries()).toEqual([entry(b, 'v1'), entry(a, 'v2')]);
    await push(registry, 'layout', b, 'v2');
    expect(await entries()).toEqual([entry(b, 'v1'), entry(b, 'v2'), entry(a)]);
    expect(await (await registry.getManifest('layout', a.descriptor.digest)).bytes()).toEqual(a.bytes);
  });

  test('deleting a tag leaves the manifest, deleting the manifest leaves nothing', async () => {
    await push(registry, 'layout', a, 'v1', 'v2');
    await registry.deleteManifest('layout', 'v1');
    expect(await entries()).toEqual([entry(a, 'v2')]);
    await registry.deleteManifest('layout', 'v2');
    expect(await entries()).toEqual([entry(a)]);
    await expect(registry.deleteManifest('layout', 'v2')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(registry.deleteBlob('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
    await registry.deleteManifest('layout', a.descriptor.digest);
    expect(await entries()).toEqual([]);
    expect(await readdir(join(folder(), 'blobs/sha256'))).toEqual([config.descriptor.digest.slice(7)]);
    await expect(registry.deleteManifest('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  test('an index stands for its children', async () => {
    const inner = index([a]);
    const outer = index([inner, b]);
    for (const manifest of [a, inner, b]) await push(registry, 'layout', manifest);
    expect(await entries()).toEqual([entry(inner), entry(b)]);
    await push(registry, 'layout', outer, 'multi');
    expect(await entries()).toEqual([entry(outer, 'multi')]);
    await push(registry, 'layout', a);
    expect(await entries()).toEqual([entry(outer, 'multi')]);
    // A tag of a child is no repetition.
    await push(registry, 'layout', a, 'one');
    await registry.deleteManifest('layout', 'multi');
    expect(await entries()).toEqual([entry(a, 'one'), entry(outer)]);
    await registry.deleteManifest('layout', 'one');
    expect(await entries()).toEqual([entry(outer)]);
    for (const manifest of [a, b, inner]) {
      const { descriptor } = await registry.getManifest('layout', manifest.descriptor.digest);
      expect(descriptor).toEqual(manifest.descriptor);
    }
  });

  test('children that only a deleted index led to stay', async () => {
    const inner = index([a]);
    const outer = index([inner, b]);
    const other = index([b], { annotations: { other: 'yes' } });
    for (const manifest of [a, inner, b]) await push(registry, 'layout', manifest);
    await push(registry, 'layout', outer, 'outer');
    await push(registry, 'layout', other, 'other');
    await registry.deleteManifest('layout', outer.descriptor.digest);
    expect(await entries()).toEqual([entry(other, 'other'), entry(inner)]);
    // Also when another index still names the one that goes.
    const over = index([other], { annotations: { over: 'yes' } });
    await push(registry, 'layout', over, 'over');
    await registry.deleteManifest('layout', other.descriptor.digest);
    expect(await entries()).toEqual([entry(inner), entry(over, 'over'), entry(b)]);
    await expect(registry.getManifest('layout', other.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await all(registry.tags('layout'))).toEqual(['over']);
    // And it comes back by being pushed.
    await push(registry, 'layout', other);
    expect(await entries()).toEqual([entry(inner), entry(over, 'over')]);
    await registry.resolveManifest('layout', other.descriptor.digest);
  });

  test('the type of an artifact is in its entry', async () => {
    const artifact = image('a', { artifactType: 'application/x.thing' });
    await push(registry, 'layout', artifact, 'v1');
    expect(await entries()).toEqual([
      {
        ...artifact.descriptor,
        artifactType: 'application/x.thing',
        annotations: { [annotations.refName]: 'v1' },
      },
    ]);
  });

  test('sha512 names stay sha512', async () => {
    const digest = digestOf(a.bytes, 'sha512');
    await registry.pushManifest('layout', a.bytes, {
      mediaType: mediaTypes.ociManifest,
      digest,
      tags: ['v1'],
    });
    expect((await registry.resolveManifest('layout', 'v1')).digest).toBe(digest);
    expect(await readFile(join(folder(), pathOf(digest)))).toEqual(a.bytes);
    await expect(registry.resolveManifest('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  test('a blob that looks like a manifest is none', async () => {
    await pushBlob(registry, 'layout', a);
    await expect(registry.getManifest('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });
});

describe('what others wrote', () => {
  const a = image('a');
  const b = image('b');
  const foreign = {
    zzz: [1, { deep: true }],
    schemaVersion: 2,
    manifests: [
      {
        ...a.descriptor,
        annotations: { [annotations.refName]: 'docker.io/library/a:v1' },
        platform: { architecture: 'amd64', os: 'linux' },
        x: 1,
      },
      {
        ...a.descriptor,
        annotations: {
          [annotations.refName]: 'v1',
          'io.containerd.image.name': 'docker.io/library/a:v1',
          other: 'yes',
        },
      },
      { mediaType: 'application/vnd.unknown', digest: `blake3:${'0'.repeat(64)}`, size: 3, data: null },
    ],
    annotations: { top: 'level' },
  };
  beforeEach(async () => {
    await mkdir(join(folder(), 'blobs/sha256'), { recursive: true });
    await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion": "1.0.0", "more": 1}');
    await writeFile(join(folder(), 'index.json'), JSON.stringify(foreign, undefined, 2));
    for (const { bytes, descriptor } of [config, a])
      await writeFile(join(folder(), pathOf(descriptor.digest)), bytes);
  });

  test('is kept where it is not ours', async () => {
    expect(await all(registry.tags('layout'))).toEqual(['v1']);
    await push(registry, 'layout', b, 'v2');
    const [full, named, unknown] = foreign.manifests;
    expect(await document()).toEqual({ ...foreign, manifests: [full, named, unknown, entry(b, 'v2')] });
    expect(Object.keys(await document())).toEqual(Object.keys(foreign));
    // Pushed again as it is, a tag's entry is left alone.
    await push(registry, 'layout', a, 'v1');
    expect(await entries()).toEqual([full, named, unknown, entry(b, 'v2')]);
    await registry.deleteManifest('layout', 'v1');
    expect(await entries()).toEqual([full, unknown, entry(b, 'v2')]);
    expect(await readFile(join(folder(), 'oci-layout'), 'utf8')).toContain('more');
  });

  test('an entry that loses its tag keeps the rest', async () => {
    await writeFile(
      join(folder(), 'index.json'),
      JSON.stringify({ ...foreign, manifests: foreign.manifests.slice(1) }),
    );
    await registry.deleteManifest('layout', 'v1');
    const [, , unknown] = foreign.manifests;
    expect(await entries()).toEqual([unknown, { ...a.descriptor, annotations: { other: 'yes' } }]);
  });

  test('is seen when it changes, also within a tick of the clock and at the same length', async () => {
    const c = image('c');
    await writeFile(join(folder(), pathOf(c.descriptor.digest)), c.bytes);
    const file = join(folder(), 'index.json');
    for (let round = 0; round < 50; round++) {
      for (const manifest of [a, c]) {
        await writeFile(file, JSON.stringify({ schemaVersion: 2, manifests: [entry(manifest, 'v1')] }));
        expect((await registry.resolveManifest('layout', 'v1')).digest).toBe(manifest.descriptor.digest);
      }
    }
  });
});

test('an opaque blob of another algorithm is read as it is', async () => {
  await pushBlob(registry, 'layout', config);
  await mkdir(join(folder(), 'blobs/x+y.z'), { recursive: true });
  await writeFile(join(folder(), 'blobs/x+y.z/a=_-B'), 'opaque');
  const { digest } = { ...piece('').descriptor, digest: 'x+y.z:a=_-B' as typeof config.descriptor.digest };
  expect(await (await registry.getBlob('layout', digest)).text()).toBe('opaque');
  await expect(registry.pushBlob('layout', { digest, size: 6 }, Buffer.from('opaque'))).rejects.toMatchObject(
    { code: 'DIGEST_INVALID' },
  );
});
