import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { copy, type CopyOptions, type CopyStep } from '../../src/image/index.ts';
import { mediaTypes, parseDigest, parseManifest } from '../../src/oci/index.ts';
import {
  contentOf,
  intercept,
  missingChildren,
  type Operation,
  type Registry,
} from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { graph, multi, noting, type Graph } from './graph.ts';

const all = [...multi.nodes.keys()];
const children = all.filter((name) => name !== 'index');

/** A source that has the graph as `r:1`, and the notes of what is asked of both sides. */
async function places(g: Graph = multi, top = 'index', target: Registry = memoryRegistry()) {
  const origin = memoryRegistry();
  await g.push(origin, 'r', { tags: { 1: top } });
  const [source, sink] = [noting(origin, g), noting(target, g)];
  return {
    origin,
    target,
    asked: source.notes,
    done: sink.notes,
    from: { registry: source.registry, repository: 'r', tag: '1' },
    to: { registry: sink.registry, repository: 't', tag: '1' },
  };
}

/** Refuses an image whose blobs are not there. */
async function checked(
  registry: Registry,
  { repository, bytes, options }: Extract<Operation, { name: 'pushManifest' }>,
): Promise<void> {
  const refusal = await missingChildren(parseManifest(bytes, options.mediaType), {
    blob: (digest) =>
      registry.resolveBlob(repository, digest).then(
        () => true,
        () => false,
      ),
    manifest: async () => true,
  });
  if (refusal !== undefined) throw refusal;
}

const empty = Buffer.from('{"schemaVersion":2,"manifests":[]}');
async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const anyOrder = (...lines: readonly string[]): readonly string[] => lines.toSorted();

describe('what a copy asks for', () => {
  test('the first time: each thing is read once and sent once, children first', async () => {
    const { from, to, asked, done, target } = await places();
    const copied = await copy(from, to);
    expect(anyOrder(...asked)).toEqual(
      anyOrder(
        'getManifest 1',
        ...['amd', 'arm', 'att'].map((name) => `getManifest ${name}`),
        ...children
          .filter((name) => name.includes('-') || name === 'shared')
          .map((name) => `getBlob ${name}`),
      ),
    );
    expect(anyOrder(...done)).toEqual(
      anyOrder(
        'resolveManifest 1',
        ...children
          .filter((name) => name.includes('-') || name === 'shared')
          .map((name) => `pushBlob ${name}`),
        ...['amd', 'arm', 'att'].map((name) => `pushManifest ${name}`),
        'pushManifest index 1',
      ),
    );
    expect(done.at(-1)).toBe('pushManifest index 1');
    expect(copied).toMatchObject({ descriptor: multi.descriptor('index'), sent: { manifests: 4, blobs: 7 } });
    expect(copied.bytes).toBe([...multi.nodes.values()].reduce((sum, { bytes }) => sum + bytes.length, 0));
    expect(await multi.held(target, 't')).toEqual(all);
  });

  test('again: two requests', async () => {
    const { from, to, asked, done } = await places();
    await copy(from, to);
    asked.length = done.length = 0;
    const copied = await copy(from, to);
    expect([...asked, ...done]).toEqual(['getManifest 1', 'resolveManifest 1']);
    expect(copied).toMatchObject({ sent: { manifests: 0, blobs: 0 }, bytes: 0 });
  });

  test('to another repository of the same registry: blobs are mounted, and not read', async () => {
    const registry = memoryRegistry();
    await multi.push(registry, 'r', { tags: { 1: 'index' } });
    const one = noting(registry, multi);
    const copied = await copy(
      { registry: one.registry, repository: 'r', tag: '1' },
      { registry: one.registry, repository: 't' },
    );
    expect(one.notes.filter((line) => line.startsWith('getBlob'))).toEqual([]);
    expect(copied.sent).toEqual({ manifests: 4, blobs: 0 });
    expect(await multi.held(registry, 't')).toEqual(all);
  });

  test('another tag in the same repository: two requests', async () => {
    const registry = memoryRegistry();
    await multi.push(registry, 'r', { tags: { 1: 'index' } });
    const one = noting(registry, multi);
    await copy(
      { registry: one.registry, repository: 'r', tag: '1' },
      { registry: one.registry, repository: 'r', tag: '2' },
    );
    expect(one.notes).toEqual(['getManifest 1', 'pushManifest index 2']);
  });

  test('to a target that verifies and has everything: two requests', async () => {
    const { from, to, asked, done, target } = await places();
    await multi.push(target, 't');
    await copy(from, to, { targetVerifies: true });
    expect([...asked, ...done]).toEqual(['getManifest 1', 'pushManifest index 1']);
  });

  test('to a target that verifies: the manifest first, then only what the refusal names', async () => {
    const { from, to, asked, done, target } = await places();
    await multi.push(target, 't', { without: ['arm', 'arm-config', 'arm-layer', 'index'] });
    await copy(from, to, { targetVerifies: true });
    expect(asked).toEqual(['getManifest 1', 'getManifest arm', 'getBlob arm-config', 'getBlob arm-layer']);
    expect(done).toEqual([
      'pushManifest index 1',
      'pushBlob arm-config',
      'pushBlob shared',
      'pushBlob arm-layer',
      'pushManifest arm',
      'pushManifest index 1',
    ]);
  });

  test('that a target verifies is learnt from its first refusal', async () => {
    const { from, to, done, target } = await places();
    await target.pushManifest('t', empty, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
    // The tag is something else, so the manifest is tried first, by its digest; and refused.
    await copy(from, to);
    expect(done.slice(0, 2)).toEqual(['resolveManifest 1', 'pushManifest index']);
    done.length = 0;
    await copy(from, { ...to, tag: '2' });
    expect(done).toEqual(['pushManifest index 2']);
  });

  test('but of images alone, where it looks at images alone', async () => {
    const lax = memoryRegistry({ sparse: true });
    // As registries can be set up, to take sparse indexes.
    const target = intercept(lax, (operation, next) =>
      operation.name === 'pushManifest' && operation.options.mediaType === mediaTypes.ociManifest
        ? checked(lax, operation).then(() => next(operation))
        : next(operation),
    );
    const { from, to } = await places(multi, 'index', target);
    await lax.pushManifest('t', empty, { mediaType: mediaTypes.ociIndex, tags: ['image'] });
    await copy({ ...from, digest: multi.digest('amd') }, { ...to, tag: 'image' });
    await copy(from, to);
    expect(await multi.held(lax, 't')).toEqual(all);
  });

  test('a blob that many manifests share is sent once', async () => {
    const many = graph({
      blobs: { shared: 'shared', config: { text: '{}', mediaType: mediaTypes.ociConfig } },
      manifests: {
        ...Object.fromEntries(
          Array.from({ length: 20 }, (_, at) => [
            `image${at}`,
            { config: 'config', layers: ['shared'], annotations: { at: String(at) } },
          ]),
        ),
        index: { manifests: Array.from({ length: 20 }, (_, at) => `image${at}`) },
      },
    });
    const { from, to, done } = await places(many);
    await copy(from, to);
    expect(done.filter((line) => line === 'pushBlob shared')).toHaveLength(1);
    expect(done.filter((line) => line === 'pushBlob config')).toHaveLength(1);
  });

  test('what a descriptor carries itself is not fetched', async () => {
    const text = 'small';
    const embedding = graph({
      blobs: { small: text, config: { text: '{}', mediaType: mediaTypes.ociConfig } },
      manifests: {
        image: { config: 'config', layers: [{ of: 'small', data: Buffer.from(text).toString('base64') }] },
      },
    });
    const { from, to, asked, target } = await places(embedding, 'image');
    await copy(from, to);
    expect(asked).toEqual(['getManifest 1', 'getBlob config']);
    expect(await embedding.held(target, 't')).toEqual(['small', 'config', 'image']);
  });
});

describe('everything arrives', () => {
  test('at a target that takes anything', async () => {
    const { from, to, target } = await places(multi, 'index', memoryRegistry({ sparse: true }));
    await copy(from, to);
    expect(await multi.held(target, 't')).toEqual(all);
  });

  test.each(children)('where all but %s was there', async (missing) => {
    // Half a copy, as others leave it; also where the tag is something else by now, so that much is likely to be there.
    for (const tagged of [false, true]) {
      const { from, to, target } = await places(multi, 'index', memoryRegistry({ sparse: true }));
      await multi.push(target, 't', { without: [missing, 'index'] });
      if (tagged) await target.pushManifest('t', empty, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
      await copy(from, to);
      expect(await multi.held(target, 't')).toEqual(all);
    }
  });

  test('or the tag stays where it was', async () => {
    const { from, to, origin, target } = await places(multi, 'index', memoryRegistry({ sparse: true }));
    const old = await target.pushManifest('t', empty, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
    await origin.deleteBlob('r', multi.digest('amd-layer'));
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect((await target.resolveManifest('t', '1')).digest).toBe(old.descriptor.digest);
  });

  test('or nothing more is done once something has failed', async () => {
    const { from, to, origin, done } = await places();
    await origin.deleteBlob('r', multi.digest('shared'));
    await expect(copy(from, to, { concurrency: 1 })).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    const asked = done.length;
    await setTimeout(50);
    expect(done).toHaveLength(asked);
    expect(done).not.toContain('pushManifest index 1');
  });

  test('where the tag was something else before', async () => {
    for (const sparse of [false, true]) {
      const { from, to, target } = await places(multi, 'index', memoryRegistry({ sparse }));
      await target.pushManifest('t', empty, { mediaType: mediaTypes.ociIndex, tags: ['1'] });
      await copy(from, to);
      expect((await target.resolveManifest('t', '1')).digest).toBe(multi.digest('index'));
      expect(await multi.held(target, 't')).toEqual(all);
    }
  });

  test('by digest, with and without a tag', async () => {
    const { from, to, target } = await places();
    const { tag: _, ...untagged } = to;
    await copy({ ...from, digest: multi.digest('amd') }, { ...untagged, digest: multi.digest('amd') });
    expect(await multi.held(target, 't')).toContain('amd');
    await expect(target.resolveManifest('t', '1')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(copy(from, { ...to, digest: multi.digest('amd') })).rejects.toMatchObject({
      code: 'DIGEST_INVALID',
    });
  });

  test('but layers that may not be distributed stay', async () => {
    const windows = graph({
      blobs: {
        base: { text: 'base', mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
        own: 'own',
        config: { text: '{}', mediaType: mediaTypes.dockerConfig },
      },
      manifests: {
        image: { mediaType: mediaTypes.dockerManifest, config: 'config', layers: ['base', 'own'] },
      },
    });
    const { from, to, target } = await places(windows, 'image');
    const skipped: string[] = [];
    await copy(from, to, {
      skipped: ({ descriptor }, why) => void skipped.push(`${windows.named(descriptor.digest)} ${why}`),
    });
    expect(await windows.held(target, 't')).toEqual(['own', 'config', 'image']);
    expect(skipped).toEqual(['base non-distributable']);
  });

  test('also a blob that an index lists', async () => {
    const odd = graph({
      blobs: { thing: { text: 'thing', mediaType: 'application/vnd.test.thing' } },
      manifests: { index: { manifests: ['thing'] } },
    });
    const { from, to, target } = await places(odd);
    await copy(from, to);
    expect(await odd.held(target, 't')).toEqual(['thing', 'index']);
  });
});

describe('platforms', () => {
  test('an index is rewritten, attestations stay with their image', async () => {
    const { from, to, asked, target } = await places();
    const { descriptor } = await copy(from, to, { platforms: [{ os: 'linux', architecture: 'amd64' }] });
    const { manifests, ...rest } = await (
      await target.getManifest('t', '1')
    ).json<{
      manifests: { digest: string }[];
    }>();
    expect(multi.named(manifests.map(({ digest }) => digest))).toEqual(['amd', 'att']);
    expect(rest).toEqual({ schemaVersion: 2, mediaType: mediaTypes.ociIndex });
    expect(descriptor.digest).not.toBe(multi.digest('index'));
    expect(asked.filter((line) => /arm/.test(line))).toEqual([]);
  });

  test('all of them: the same bytes', async () => {
    const { from, to } = await places();
    const { descriptor } = await copy(from, to, {
      platforms: [
        { os: 'linux', architecture: 'arm64' },
        { os: 'linux', architecture: 'x86_64' },
      ],
    });
    expect(descriptor).toEqual(multi.descriptor('index'));
  });

  test('none that is there: an error that lists what is', async () => {
    const { from, to, done } = await places();
    await expect(
      copy(from, to, { platforms: [{ os: 'linux', architecture: 's390x' }] }),
    ).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: 'r has nothing for linux/s390x; it has linux/amd64, linux/arm64',
    });
    expect(done.filter((line) => line.startsWith('push'))).toEqual([]);
  });

  test('of a lone image: it is the right one, or an error', async () => {
    const { from, to } = await places(multi, 'arm');
    const arm = { os: 'linux', architecture: 'arm64' };
    expect((await copy(from, to, { platforms: [arm] })).descriptor).toEqual(multi.descriptor('arm'));
    await expect(copy(from, to, { platforms: [{ ...arm, architecture: '386' }] })).rejects.toThrow(
      'it has linux/arm64',
    );
  });
});

describe('referrers', () => {
  const signed = graph({
    blobs: { config: { text: '{}', mediaType: mediaTypes.ociEmpty }, layer: 'layer' },
    manifests: {
      image: { config: 'config', layers: ['layer'] },
      index: { manifests: ['image'] },
      signature: { artifactType: 'x/signature', config: 'config', layers: [], subject: 'index' },
      countersignature: { artifactType: 'x/signature', config: 'config', layers: [], subject: 'signature' },
      sbom: { artifactType: 'x/sbom', config: 'config', layers: [], subject: 'image' },
    },
  });

  test('are copied where that is wanted: of the index, of what it lists, and of each other', async () => {
    const { from, to, target } = await places(signed);
    await copy(from, to);
    expect(await signed.held(target, 't')).toEqual(['config', 'layer', 'image', 'index']);
    await copy(from, to, { referrers: true });
    expect(await signed.held(target, 't')).toEqual([...signed.nodes.keys()]);
  });

  test('that go in a circle end [A19]', async () => {
    const { from, to } = await places(signed);
    const circular: Registry = {
      ...from.registry,
      async *referrers() {
        yield* [signed.descriptor('signature'), signed.descriptor('countersignature')];
      },
    };
    const copied = await copy({ ...from, registry: circular }, to, { referrers: true });
    expect(copied.sent.manifests).toBe(4);
  });

  test('without end are given up [A22]', async () => {
    const deep = graph({
      blobs: { config: { text: '{}', mediaType: mediaTypes.ociEmpty } },
      manifests: {
        image: { config: 'config', layers: [] },
        ...Object.fromEntries(
          Array.from({ length: 10 }, (_, at) => [
            `r${at}`,
            { config: 'config', layers: [], subject: at === 0 ? 'image' : `r${at - 1}` },
          ]),
        ),
      },
    });
    const { from, to } = await places(deep, 'image');
    await expect(copy(from, to, { referrers: true })).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('no end'),
    });
  });
});

describe('what is wrong is not tagged', () => {
  const image = (layer: object = {}) =>
    graph({
      blobs: { layer: 'layer', config: { text: '{}', mediaType: mediaTypes.ociConfig } },
      manifests: {
        image: { config: 'config', layers: ['layer'] },
        index: { manifests: [{ of: 'image', ...layer }] },
      },
    });

  test('a source with flipped bytes', async () => {
    const g = image();
    const { from, to, target } = await places(g);
    const flipped: Registry = {
      ...from.registry,
      async getBlob(repository, digest) {
        if (digest !== g.digest('layer')) return from.registry.getBlob(repository, digest);
        return contentOf(pieces('laxer'), {
          descriptor: g.descriptor('layer'),
          facts: { method: 'GET', url: 'http://source/' },
        });
      },
    };
    await expect(copy({ ...from, registry: flipped }, to)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      url: 'http://source/',
    });
    expect(await g.held(target, 't')).not.toContain('layer');
    await expect(target.resolveManifest('t', '1')).rejects.toMatchObject({ status: 404 });
  });

  test('an entry with the wrong size', async () => {
    const { from, to, target } = await places(image({ size: 7 }));
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(target.resolveManifest('t', '1')).rejects.toMatchObject({ status: 404 });
  });

  test('a manifest that is both', async () => {
    const both = graph({
      blobs: { config: { text: '{}', mediaType: mediaTypes.ociConfig } },
      manifests: { image: { config: 'config', layers: [] } },
    });
    const { from, to, origin } = await places(both, 'image');
    const document = { ...JSON.parse(Buffer.from(both.bytes('image')).toString()), manifests: [] };
    const text = JSON.stringify(document);
    const descriptor = { ...both.descriptor('image'), digest: parseDigest('other:x'), size: text.length };
    const lying: Registry = { ...origin, getManifest: async () => contentOf(pieces(text), { descriptor }) };
    await expect(copy({ ...from, registry: lying }, to)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('hooks, bounds, ends', () => {
  test('coming: the bytes of blobs as they are read', async () => {
    const { from, to } = await places();
    const come: Record<string, number> = {};
    await copy(from, to, {
      coming: ({ descriptor }, bytes) => (come[descriptor.digest] = (come[descriptor.digest] ?? 0) + bytes),
    });
    const blobs = [...multi.nodes.values()].filter(({ kind }) => kind === 'blob');
    expect(come).toEqual(
      Object.fromEntries(blobs.map(({ descriptor }) => [descriptor.digest, descriptor.size])),
    );
  });

  test('before, after, skipped', async () => {
    const { from, to } = await places(multi, 'amd');
    const told: string[] = [];
    const tell =
      (what: string) =>
      ({ kind, descriptor }: CopyStep, why?: string): void =>
        void told.push([what, kind, multi.named(descriptor.digest), ...(why ? [why] : [])].join(' '));
    const hooks: CopyOptions = {
      concurrency: 1,
      before: tell('before'),
      after: tell('after'),
      skipped: tell('skipped'),
    };
    await copy(from, to, hooks);
    expect(told.toSorted()).toEqual(
      ['manifest amd', 'blob amd-config', 'blob amd-layer', 'blob shared']
        .flatMap((thing) => [`after ${thing}`, `before ${thing}`])
        .toSorted(),
    );
    expect(told.at(-1)).toBe('after manifest amd');
    told.length = 0;
    await copy(from, to, hooks);
    expect(told).toEqual(['skipped manifest amd present']);
  });

  test('`before` may leave a thing out', async () => {
    const { from, to, target } = await places(multi, 'amd', memoryRegistry({ sparse: true }));
    const skipped: string[] = [];
    await copy(from, to, {
      before: ({ descriptor }) => descriptor.digest !== multi.digest('amd-layer'),
      skipped: ({ descriptor }, why) => void skipped.push(`${multi.named(descriptor.digest)} ${why}`),
    });
    expect(skipped).toEqual(['amd-layer refused']);
    expect(await multi.held(target, 't')).toEqual(['shared', 'amd-config', 'amd']);
  });

  test.each([1, 3])('never more than %i things at a time', async (concurrency) => {
    const { from, to } = await places();
    let [now, most] = [0, 0];
    const counted: Registry = {
      ...to.registry,
      async pushBlob(...call) {
        most = Math.max(most, ++now);
        await setTimeout(2);
        return to.registry.pushBlob(...call).finally(() => now--);
      },
    };
    await copy(from, { ...to, registry: counted }, { concurrency });
    expect(most).toBe(concurrency);
  });

  test('abort: the reason given, and nothing is tagged', async () => {
    const { from, to, target } = await places();
    const reason = new Error('enough');
    await expect(copy(from, to, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const ending = new AbortController();
    const aborted = copy(from, to, { signal: ending.signal, after: () => ending.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    await expect(target.resolveManifest('t', '1')).rejects.toMatchObject({ status: 404 });
  });

  test('what is not there is not found', async () => {
    const { from, to } = await places();
    await expect(copy({ ...from, tag: '2' }, to)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });
});

test('a copy that fails has ended: what was under way beside what failed is over, too', async () => {
  const underWay = new Set<string>();
  const refusing = intercept(memoryRegistry(), (operation, next) => {
    if (operation.name !== 'pushBlob') return next(operation);
    const { digest } = operation.descriptor;
    if (digest === multi.digest('amd-layer')) return Promise.reject(new Error('no room'));
    underWay.add(digest);
    // As a disk that finishes what it is at before it looks up.
    return setTimeout(20).then(() => {
      underWay.delete(digest);
      throw operation.options.signal?.reason;
    });
  });
  const { from, to } = await places(multi, 'index', refusing);
  await expect(copy(from, to)).rejects.toThrow('no room');
  expect([...underWay]).toEqual([]);
});
