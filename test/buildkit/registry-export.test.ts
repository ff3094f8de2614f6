import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { registryExport } from '../../src/buildkit/export/registry-export.ts';
import type { ContentStore } from '../../src/buildkit/index.ts';
import { digestOf, mediaTypes, type Descriptor, type Digest } from '../../src/oci/index.ts';
import { isNotFound, type Registry } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

const REPOSITORY = 'team/app';

/** A registry that writes down what it is asked. */
function watched(registry: Registry): { registry: Registry; asked: string[] } {
  const asked: string[] = [];
  const proxy = new Proxy(registry, {
    get:
      (target, name: keyof Registry) =>
      (...parameters: unknown[]) => {
        const [, second] = parameters;
        asked.push(`${name} ${typeof second === 'string' ? short(second) : ''}`.trim());
        return (target[name] as (...all: unknown[]) => unknown)(...parameters);
      },
  });
  return { registry: proxy, asked };
}

const short = (text: string): string => text.slice(0, 'sha256:'.length + 6);

/** Writes as the builder does: asks, sends in pieces of 1 MiB, commits. */
async function write(store: ContentStore, ref: string, bytes: Uint8Array): Promise<'written' | 'there'> {
  const expected = digestOf(bytes);
  const { writes } = store;
  if (writes === undefined) throw new Error('it can be written to');
  const ingest = await writes.open(`${ref}-${expected}`, { total: bytes.length, expected });
  try {
    const there = await store.info(expected).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (there !== undefined) return 'there';
    for (let at = 0; at < bytes.length; at += 1024 * 1024)
      await ingest.write(bytes.subarray(at, at + 1024 * 1024));
    // Asked again before it is committed.
    await expect(store.info(expected)).rejects.toSatisfy(isNotFound);
    await ingest.commit(bytes.length, expected);
    return 'written';
  } finally {
    await ingest.close();
  }
}

const json = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));
const describeBytes = (bytes: Uint8Array, mediaType: string): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

const config = json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
const image = (layer: Uint8Array): Uint8Array =>
  json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describeBytes(config, mediaTypes.ociConfig),
    layers: [describeBytes(layer, 'application/vnd.oci.image.layer.v1.tar')],
  });
const indexOf = (...manifests: readonly Uint8Array[]): Uint8Array =>
  json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: manifests.map((each) => describeBytes(each, mediaTypes.ociManifest)),
  });

describe('straight into a registry', () => {
  test('an index with its images: blobs while they come, manifests at the end, children first', async () => {
    const { registry, asked } = watched(memoryRegistry());
    const { store, finish } = registryExport(registry, REPOSITORY);
    const layers = [randomBytes(100), randomBytes(3 * 1024 * 1024 + 5)] as const;
    const images = layers.map(image);
    const index = indexOf(...images);
    for (const layer of layers) expect(await write(store, 'layer', layer)).toBe('written');
    expect(await write(store, 'config', config)).toBe('written');
    expect(await write(store, 'config', config)).toBe('there');
    for (const each of images) expect(await write(store, 'manifest', each)).toBe('written');
    expect(await write(store, 'index', index)).toBe('written');
    const blobs = [...layers, config].flatMap((blob) => {
      const digest = short(digestOf(blob));
      return [`resolveBlob ${digest}`, 'pushBlob'];
    });
    expect(asked).toEqual(blobs);

    await finish(describeBytes(index, mediaTypes.ociIndex), { tags: ['v1', 'latest'] });
    expect(asked.slice(blobs.length)).toEqual(['pushManifest', 'pushManifest', 'pushManifest']);
    const { digest } = await registry.resolveManifest(REPOSITORY, 'latest');
    expect(digest).toBe(digestOf(index));
    for (const layer of layers) {
      const content = await registry.getBlob(REPOSITORY, digestOf(layer));
      expect(Buffer.from(await content.bytes(8 * 1024 * 1024)).equals(layer)).toBe(true);
    }
  });

  test('what the registry has is not sent', async () => {
    const { registry, asked } = watched(memoryRegistry());
    const layer = randomBytes(2 * 1024 * 1024);
    await registry.pushBlob(REPOSITORY, { digest: digestOf(layer), size: layer.length }, layer);
    asked.length = 0;
    const { store } = registryExport(registry, REPOSITORY);
    expect(await write(store, 'layer', layer)).toBe('there');
    expect(asked).toEqual([`resolveBlob ${short(digestOf(layer))}`]);
  });

  test('the builder is let go on no faster than the registry takes it', async () => {
    const slow: Registry = { ...memoryRegistry(), pushBlob: () => new Promise(() => undefined) };
    const { store } = registryExport(slow, REPOSITORY);
    const total = 64 * 1024 * 1024;
    const ingest = await store.writes?.open('layer-x', { total, expected: digestOf(Buffer.from('x')) });
    let written = 0;
    const writing = async (): Promise<void> => {
      for (; written < 20; written += 1) await ingest?.write(Buffer.alloc(1024 * 1024));
    };
    void writing();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(written).toBeLessThan(6);
  });

  test('a registry that fails ends the write with its reason', async () => {
    const full: Registry = {
      ...memoryRegistry(),
      pushBlob: () => Promise.reject(new Error('the disk is full')),
    };
    const { store } = registryExport(full, REPOSITORY);
    await expect(write(store, 'layer', randomBytes(8 * 1024 * 1024))).rejects.toThrow('the disk is full');
    await expect(write(store, 'layer', randomBytes(8))).rejects.toThrow('the disk is full');
  });

  test('a write that is begun anew sends what came last', async () => {
    const registry = memoryRegistry();
    const { store } = registryExport(registry, REPOSITORY);
    const layer = randomBytes(2 * 1024 * 1024);
    const digest = digestOf(layer);
    const ingest = await store.writes?.open('layer-x', { total: layer.length, expected: digest });
    await ingest?.write(Buffer.alloc(1024 * 1024));
    await ingest?.truncate();
    expect(ingest?.status().offset).toBe(0);
    await ingest?.write(layer);
    expect(await ingest?.commit(layer.length, digest)).toBe(digest);
    expect((await registry.resolveBlob(REPOSITORY, digest)).size).toBe(layer.length);
  });

  test.each([
    ['other bytes than announced', 'layer', Buffer.from('x'), digestOf(Buffer.from('y')), 'DIGEST_INVALID'],
    [
      'other bytes than announced',
      'manifest',
      Buffer.from('x'),
      digestOf(Buffer.from('y')),
      'DIGEST_INVALID',
    ],
    ['fewer bytes than announced', 'layer', Buffer.from(''), digestOf(Buffer.from('x')), 'SIZE_INVALID'],
  ] as const)('refuses %s, of a %s', async (_, kind, bytes, expected: Digest, code) => {
    const registry = memoryRegistry();
    const { store } = registryExport(registry, REPOSITORY);
    const ingest = await store.writes?.open(`${kind}-x`, { total: 1, expected });
    await ingest?.write(bytes);
    await expect(ingest?.commit(1, expected)).rejects.toMatchObject({ code });
    await expect(registry.resolveBlob(REPOSITORY, expected)).rejects.toMatchObject({ status: 404 });
  });

  test('one write by a name at a time; another comes back later', async () => {
    const { store } = registryExport(memoryRegistry(), REPOSITORY);
    const ingest = await store.writes?.open('layer-x', { total: 1 });
    await expect(store.writes?.open('layer-x', { total: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(store.writes?.statuses().map(({ ref }) => ref)).toEqual(['layer-x']);
    await ingest?.close();
    expect(store.writes?.statuses()).toEqual([]);
    expect(await store.writes?.abort('layer-x')).toBe(false);
  });

  test('what the builder did not write cannot be tagged', async () => {
    const { store, finish } = registryExport(memoryRegistry(), REPOSITORY);
    const index = indexOf(image(Buffer.from('x')));
    await write(store, 'index', index);
    await expect(finish(describeBytes(index, mediaTypes.ociIndex))).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      reference: digestOf(image(Buffer.from('x'))),
    });
  });
});
