import { ConnectError, type Client } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentService, openDaemon, registryContent, type ContentStore } from '../../src/buildkit/index.ts';
import { Content as ContentMethods } from '../../src/buildkit/proto/content_pb.ts';
import { digestOf } from '../../src/oci/index.ts';
import {
  contentOf,
  intercept,
  RegistryError,
  type Content,
  type Registry,
} from '../../src/registry/index.ts';
import { noise } from '../../src/registry/contract/content.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { pushImage, type PushedImage } from './image.ts';

const MIB = 1024 * 1024;

/** An image in memory, and what is asked of the registry for it. */
async function stocked(
  layer: Uint8Array = noise(1, 1000),
): Promise<PushedImage & { registry: Registry; asked: string[] }> {
  const memory = memoryRegistry();
  const image = await pushImage(memory, 'r', layer);
  const named = new Map<string, string>(
    Object.entries(image.digests).map(([name, digest]) => [digest, name]),
  );
  const asked: string[] = [];
  const registry = intercept(memory, (operation, next) => {
    const what =
      'digest' in operation ? operation.digest : 'reference' in operation ? operation.reference : '';
    const range = operation.name === 'getBlob' ? operation.options?.range : undefined;
    const part = range === undefined ? '' : ` ${range.start}-${range.end ?? ''}`;
    asked.push(`${operation.name} ${named.get(what) ?? what}${part}`);
    return next(operation);
  });
  return { ...image, registry, asked };
}

/** What a builder calls to read from stores. */
async function reader(
  stores: Readonly<Record<string, ContentStore>>,
): Promise<Client<typeof ContentMethods>> {
  const fake = await fakeDaemon('docker');
  const daemon = await openDaemon({ address: fake.address, kind: 'docker' });
  onTestFinished(async () => {
    await daemon.close();
    await fake.close();
  });
  const session = await daemon.session([contentService(new Map(Object.entries(stores)))]);
  return (await fake.session(session.id)).service(ContentMethods);
}

/** A registry whose blobs are streamed in some other way. */
function withBlobs(registry: Registry, stream: (content: Content) => AsyncIterable<Uint8Array>): Registry {
  return intercept(registry, (operation, next) => {
    if (operation.name !== 'getBlob') return next(operation);
    return next(operation).then((content) => contentOf(stream(content), content));
  });
}

const from = (store: string): { headers: Record<string, string> } => ({
  headers: { 'buildkit-attachable-store-id': store },
});

async function read(
  content: Client<typeof ContentMethods>,
  digest: string,
  { offset = 0, size = 0, store = 'oci:s' }: { offset?: number; size?: number; store?: string } = {},
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const request = { digest, offset: BigInt(offset), size: BigInt(size) };
  for await (const { data } of content.read(request, from(store))) chunks.push(data);
  return Buffer.concat(chunks);
}

/** As `CODE: text`. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => new Error('it did not fail'), ConnectError.from);
  return error.message;
}

describe('the content service', () => {
  test('[layout 36] of two stores on one session, each has its own alone', async () => {
    const one = await stocked(noise(1, 100));
    const other = await stocked(noise(2, 100));
    const content = await reader({
      'oci:one': registryContent(one.registry, 'r'),
      'oci:other': registryContent(other.registry, 'r'),
    });
    const { layer } = one.digests;
    expect(await content.info({ digest: layer }, from('oci:one'))).toMatchObject({ info: { size: 100n } });
    expect(await failure(content.info({ digest: layer }, from('oci:other')))).toBe(
      `[not_found] content ${layer}: not found`,
    );
    expect(Buffer.compare(await read(content, layer, { store: 'oci:one' }), noise(1, 100))).toBe(0);
    expect(await failure(read(content, layer, { store: 'oci:other' }))).toBe(
      `[not_found] content ${layer}: not found`,
    );
  });

  test('[layout 33] a store that nobody has is named', async () => {
    const content = await reader({});
    const digest = digestOf(Buffer.from('any'));
    expect(await failure(content.info({ digest }, from('oci:s')))).toBe(
      '[not_found] unknown store oci:s: not found',
    );
    expect(await failure(content.info({ digest }))).toBe(
      '[invalid_argument] request lacks metadata "buildkit-attachable-store-id"',
    );
  });

  test('[layout 21] a digest that is not there, and one that is none', async () => {
    const { registry } = await stocked();
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    const absent = digestOf(Buffer.from('absent'));
    expect(await failure(content.info({ digest: absent }, from('oci:s')))).toBe(
      `[not_found] content ${absent}: not found`,
    );
    for (const digest of ['', 'latest', 'sha256:12', `sha256:${'A'.repeat(64)}`]) {
      const said = `[invalid_argument] "${digest}" failed validation`;
      expect(await failure(content.info({ digest }, from('oci:s')))).toBe(said);
      expect(await failure(read(content, digest))).toBe(said);
    }
  });

  test('reads what is asked for, and to the end where more is', async () => {
    const bytes = noise(3, 5000);
    const { registry, digests } = await stocked(bytes);
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    const part = (offset: number, size: number): Promise<Buffer> =>
      read(content, digests.layer, { offset, size });
    expect(Buffer.compare(await part(0, 0), bytes)).toBe(0);
    expect(Buffer.compare(await part(10, 20), bytes.subarray(10, 30))).toBe(0);
    expect(Buffer.compare(await part(4990, 100), bytes.subarray(4990))).toBe(0);
    expect(Buffer.compare(await part(-5, 3), bytes.subarray(0, 3))).toBe(0);
    expect(await part(5000, 1)).toHaveLength(0);
    expect(await failure(part(5001, 1))).toBe('[out_of_range] read past object length 5000 bytes');
  });

  test('sends no message of more than a MiB, and says where each belongs', async () => {
    const { registry, digests } = await stocked(noise(4, 2.5 * MIB));
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    const sent: [bigint, number][] = [];
    for await (const { offset, data } of content.read({ digest: digests.layer, offset: 5n }, from('oci:s')))
      sent.push([offset, data.length]);
    expect(Math.max(...sent.map(([, length]) => length))).toBeLessThanOrEqual(MIB);
    let next = 5n;
    for (const [offset, length] of sent) {
      expect(offset).toBe(next);
      next += BigInt(length);
    }
    expect(next).toBe(BigInt(2.5 * MIB));
  });

  test('says why content cannot be had', async () => {
    const { registry, digests } = await stocked();
    const refusing = intercept(registry, (operation, next) => {
      if (operation.name === 'getManifest') throw new RegistryError('DENIED', 'not for you', { status: 403 });
      return next(operation);
    });
    const content = await reader({ 'oci:s': registryContent(refusing, 'r') });
    expect(await failure(content.info({ digest: digests.manifest }, from('oci:s')))).toBe(
      `[permission_denied] content ${digests.manifest}: not for you`,
    );
  });

  test('has nothing under way, and takes nothing, where it is only read', async () => {
    const { registry } = await stocked();
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    expect(await content.listStatuses({}, from('oci:s'))).toMatchObject({ statuses: [] });
    expect(await failure(content.status({ ref: 'x' }, from('oci:s')))).toMatch(/^\[not_found\]/);
    expect(await failure(content.abort({ ref: 'x' }, from('oci:s')))).toMatch(/^\[not_found\]/);
    const write = content.write(
      (async function* () {
        yield { ref: 'x' };
      })(),
      from('oci:s'),
    );
    expect(
      await failure(
        (async () => {
          for await (const _ of write);
        })(),
      ),
    ).toBe('[unimplemented] this store is only read');
  });
});

describe('what the registry is asked for', () => {
  test('a manifest once, however often and in how small pieces it is read', async () => {
    const { registry, asked, digests, manifest } = await stocked();
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    for (let time = 0; time < 3; time++) {
      await content.info({ digest: digests.manifest }, from('oci:s'));
      for (let offset = 0; offset < manifest.length; offset += 64)
        expect(
          Buffer.compare(
            await read(content, digests.manifest, { offset, size: 64 }),
            manifest.subarray(offset, offset + 64),
          ),
        ).toBe(0);
    }
    expect(asked).toEqual(['getManifest manifest']);
  });

  test('an image the way a builder reads it: three requests, and none twice', async () => {
    const bytes = noise(5, 3.5 * MIB);
    const { registry, asked, digests } = await stocked(bytes);
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    for (const digest of [digests.manifest, digests.config, digests.manifest, digests.config]) {
      const { info } = await content.info({ digest }, from('oci:s'));
      await read(content, digest, { size: Number(info?.size) });
    }
    await content.info({ digest: digests.layer }, from('oci:s'));
    const parts: Buffer[] = [];
    for (let offset = 0; offset < bytes.length; offset += MIB)
      parts.push(await read(content, digests.layer, { offset, size: Math.min(MIB, bytes.length - offset) }));
    expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
    expect(asked).toEqual(['getManifest manifest', 'getBlob config', 'getBlob layer']);
  });

  test('anew after the end: with a session goes what was kept for it', async () => {
    const { registry, asked, digests } = await stocked();
    const store = registryContent(registry, 'r');
    await store.info(digests.manifest);
    await store.close?.();
    await store.info(digests.manifest);
    expect(asked).toEqual(['getManifest manifest', 'getManifest manifest']);
  });

  test('the next piece, while the builder works on the last, and no more', async () => {
    const bytes = noise(11, 8 * MIB);
    const { registry, digests } = await stocked(bytes);
    let given = 0;
    const counting = withBlobs(registry, async function* () {
      for (let at = 0; at < bytes.length; at += MIB) {
        given++;
        yield bytes.subarray(at, at + MIB);
      }
    });
    const content = await reader({ 'oci:s': registryContent(counting, 'r') });
    await read(content, digests.manifest);
    await read(content, digests.layer, { offset: 0, size: MIB });
    // One was read, one is ahead, and one is held back by who verifies them, as it might be the last.
    expect(given).toBe(3);
  });

  test('nothing, of a layer that the builder has already', async () => {
    const { registry, asked, digests } = await stocked();
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    await read(content, digests.manifest);
    expect(await content.info({ digest: digests.layer }, from('oci:s'))).toMatchObject({
      info: { size: 1000n },
    });
    expect(asked).toEqual(['getManifest manifest']);
  });

  test('only the parts that are read, by two at once', async () => {
    const bytes = noise(6, 4 * MIB);
    const { registry, asked, digests } = await stocked(bytes);
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    await read(content, digests.manifest);
    const copy = async (start: number): Promise<Buffer> => {
      const parts: Buffer[] = [];
      for (let offset = start; offset < start + 2 * MIB; offset += MIB / 2)
        parts.push(await read(content, digests.layer, { offset, size: MIB / 2 }));
      return Buffer.concat(parts);
    };
    const [low, high] = await Promise.all([copy(0), copy(2 * MIB)]);
    expect(Buffer.compare(Buffer.concat([low, high]), bytes)).toBe(0);
    expect(asked.toSorted()).toEqual(['getBlob layer', `getBlob layer ${2 * MIB}-`, 'getManifest manifest']);
  });

  test('[layout 22, 27, 28] a digest that no manifest told of, as a manifest first and then as a blob', async () => {
    const { registry, asked, digests } = await stocked();
    const content = await reader({ 'oci:s': registryContent(registry, 'r') });
    await content.info({ digest: digests.config }, from('oci:s'));
    expect((await read(content, digests.config)).toString()).toContain('rootfs');
    expect(asked).toEqual(['getManifest config', 'resolveBlob config', 'getBlob config']);
  });

  test('no more than the builder takes: a stream that is left is ended', async () => {
    const bytes = noise(7, 64 * MIB);
    const { registry, digests } = await stocked(bytes);
    let [given, ended] = [0, false];
    const slow = withBlobs(registry, async function* () {
      try {
        for (let at = 0; at < 64; at++) {
          given++;
          yield bytes.subarray(at * MIB, (at + 1) * MIB);
        }
      } finally {
        ended = true;
      }
    });
    const content = await reader({ 'oci:s': registryContent(slow, 'r') });
    await read(content, digests.manifest);
    const enough = new AbortController();
    const stream = content.read({ digest: digests.layer }, { ...from('oci:s'), signal: enough.signal });
    await stream[Symbol.asyncIterator]().next();
    enough.abort();
    await expect.poll(() => ended).toBe(true);
    expect(given).toBeLessThan(32);
  });

  test('a blob that is not what its digest says fails where its last bytes would be', async () => {
    const { registry, digests } = await stocked(noise(8, 1000));
    const lying = withBlobs(registry, async function* () {
      yield noise(9, 1000);
    });
    const content = await reader({ 'oci:s': registryContent(lying, 'r') });
    await read(content, digests.manifest);
    expect(await failure(read(content, digests.layer))).toMatch(/^\[data_loss\]/);
  });

  test('again, where a stream that rested was closed meanwhile', async () => {
    const bytes = noise(10, 4 * MIB);
    const { registry, asked, digests } = await stocked(bytes);
    const breaking = withBlobs(registry, async function* (content) {
      if (asked.length > 2) return yield* content;
      yield bytes.slice(0, MIB);
      yield bytes.slice(MIB, MIB + 10);
      throw new Error('closed');
    });
    const content = await reader({ 'oci:s': registryContent(breaking, 'r') });
    await read(content, digests.manifest);
    await read(content, digests.layer, { offset: 0, size: MIB });
    const next = await read(content, digests.layer, { offset: MIB, size: MIB });
    expect(Buffer.compare(next, bytes.subarray(MIB, 2 * MIB))).toBe(0);
    expect(asked).toEqual(['getManifest manifest', 'getBlob layer', `getBlob layer ${MIB}-`]);
  });
});
