import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copy } from '../../src/image/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import { createPlaces, type Place } from '../../src/place/index.ts';
import { namedImages } from '../../src/place/named-images.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { multi } from '../image/graph.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-place-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return join(path, 'images');
}

/** The annotations of the entries of a layout. */
async function named(path: string): Promise<readonly unknown[]> {
  const index = JSON.parse(await readFile(join(path, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly annotations?: unknown }[];
  };
  return index.manifests.map(({ annotations }) => annotations);
}

const digestAt = async ({ registry, repository, reference }: Place): Promise<string> =>
  (await registry.resolveManifest(repository, reference)).digest;

async function list(names: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const name of names) all.push(name);
  return all;
}

test('what is copied to a full name is found by every form of it, by its tag, and as the only image', async () => {
  const path = await folder();
  const places = createPlaces({ stores: { store: path } });
  const place = places.open(`oci-layout:${path}::alpine:3.20`);
  await multi.push(place.registry, place.repository, { tags: { '3.20': 'index' } });
  expect(await named(path)).toEqual([
    {
      'io.containerd.image.name': 'docker.io/library/alpine:3.20',
      'org.opencontainers.image.ref.name': '3.20',
    },
  ]);
  for (const reference of [
    `oci-layout:${path}`,
    `oci-layout:${path}:3.20`,
    `oci-layout:${path}::alpine:3.20`,
    `oci-layout:${path}::library/alpine:3.20`,
    `oci-layout:${path}::index.docker.io/library/alpine:3.20`,
    `oci-layout:${path}@${multi.digest('index')}`,
    `oci-layout:${path}::alpine@${multi.digest('index')}`,
    'oci-layout://store',
    'oci-layout://store:3.20',
    'oci-layout://store/alpine:3.20',
  ])
    expect(await digestAt(places.open(reference)), reference).toBe(multi.digest('index'));
});

test('a name or a tag that is not there: what there is, with the name of the folder', async () => {
  const path = await folder();
  const places = createPlaces();
  const { registry, repository } = places.open(`oci-layout:${path}::localhost:5000/app:1`);
  await multi.push(registry, repository, { tags: { 1: 'index' } });
  for (const wrong of ['::app:1', '::localhost:5000/app:2', '::localhost:5000/ap:1', ':2']) {
    const place = places.open(`oci-layout:${path}${wrong}`);
    await expect(digestAt(place), wrong).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: expect.stringMatching(/images.*localhost:5000\/app:1/s) as unknown,
    });
  }
});

test('nothing asked for, and more than one image: an error that lists them', async () => {
  const path = await folder();
  const places = createPlaces();
  const { registry, repository } = places.open(`oci-layout:${path}:1`);
  await multi.push(registry, repository, { tags: { 1: 'index', 2: 'amd' } });
  await expect(digestAt(places.open(`oci-layout:${path}`))).rejects.toMatchObject({
    code: 'REFERENCE_AMBIGUOUS',
    message: expect.stringContaining(multi.digest('amd')) as unknown,
  });
});

test('a copy within a layout, under another name, sends no blob', async () => {
  const path = await folder();
  const places = createPlaces();
  const from = places.open(`oci-layout:${path}:1`);
  await multi.push(from.registry, from.repository, { tags: { 1: 'index' } });
  const to = places.open(`oci-layout:${path}::ghcr.io/me/app:1`);
  expect((await copy(from, to)).sent.blobs).toBe(0);
  expect(await digestAt(to)).toBe(multi.digest('index'));
});

test('each name is a repository, and everything is in the one of the place itself', async () => {
  const path = await folder();
  const places = createPlaces();
  const { registry } = places.open(`oci-layout:${path}`);
  await multi.push(registry, 'docker.io/library/alpine', { tags: { '3.20': 'index', edge: 'index' } });
  await multi.push(registry, 'localhost__5000/app', { tags: { 1: 'amd' } });
  await multi.push(registry, 'layout', { tags: { bare: 'amd' } });
  expect(await list(registry.repositories())).toEqual([
    'docker.io/library/alpine',
    'layout',
    'localhost__5000/app',
  ]);
  expect(await list(registry.tags('docker.io/library/alpine'))).toEqual(['3.20', 'edge']);
  expect(await list(registry.tags('alpine'))).toEqual(['3.20', 'edge']);
  expect(await list(registry.tags('localhost__5000/app'))).toEqual(['1']);
  expect(await list(registry.tags('layout'))).toEqual(['1', '3.20', 'bare', 'edge']);
  await expect(list(registry.tags('busybox'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });

  await registry.deleteManifest('library/alpine', 'edge');
  expect(await list(registry.tags('alpine'))).toEqual(['3.20']);
  await expect(registry.deleteManifest('alpine', 'edge')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
});

test('a manifest and its names are one change, whose answer tells the subject', async () => {
  const layout = singleLayout(await folder());
  const changed: string[] = [];
  const registry = namedImages({
    ...layout,
    pushManifest: async (...given) => {
      changed.push('manifest');
      return layout.pushManifest(...given);
    },
    names: {
      ...layout.names,
      name: async (...given) => {
        changed.push('name');
        return layout.names.name(...given);
      },
    },
  });
  const empty = Buffer.from('{}');
  const subject = digestOf(Buffer.from('what it is about'));
  const blob = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.length };
  await registry.pushBlob('app', blob, empty);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.example.note',
      config: blob,
      layers: [blob],
      subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 16 },
    }),
  );
  const pushed = await registry.pushManifest('app', bytes, {
    mediaType: mediaTypes.ociManifest,
    tags: ['1', '2'],
  });
  expect(pushed).toMatchObject({ descriptor: { digest: digestOf(bytes) }, tags: ['1', '2'], subject });
  expect(changed).toEqual([]);
  expect(await list(registry.tags('app'))).toEqual(['1', '2']);
});
