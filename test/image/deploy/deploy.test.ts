import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { mediaTypes, type Digest } from '../../../src/oci/index.ts';
import { deploy } from '../../../src/image/index.ts';
import { intercept, RegistryError, type Operation, type Registry } from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { graph, multi, type Graph } from '../graph.ts';
import { deployed, inBase64, numbered, pending, stand, type Stand } from './stand.ts';

const all = [...multi.nodes.keys()];
/** One request at a time, so that their order is that of the code. */
const inOrder = { concurrency: 1 };

interface Staged extends Stand {
  readonly registry: Registry;
}

/** A registry `r.test` with the images of a graph in `staging`, and what it is asked. */
async function staged(registry: Registry = memoryRegistry(), g: Graph = multi): Promise<Staged> {
  await g.push(registry, 'staging');
  return { registry, ...stand({ 'r.test': registry }, g.named) };
}

const manifestAt = (
  name: string,
  refs: readonly string[],
  lookup: object = { '': 'r.test/staging' },
): object => ({
  type: 'manifest',
  refs,
  lookup,
  data: inBase64(multi.bytes(name)),
});
const indexAt = (...refs: readonly string[]): object => manifestAt('index', refs);
const copyOf = (name: string, ...refs: readonly string[]): object => ({
  type: 'manifest',
  refs,
  lookup: { [multi.digest(name)]: 'r.test/staging' },
});
const tagged = async (registry: Registry, repository: string, tag: string): Promise<string> =>
  multi.named((await registry.resolveManifest(repository, tag)).digest);

describe('an index', () => {
  test('whose images are elsewhere: it is pushed to learn what is missing, and its tags are set when all is there', async () => {
    const { registry, asked, registryOf } = await staged();
    const documents = numbered([indexAt('r.test/app:1', 'r.test/app:latest')]);
    const done = await deployed(documents, { registryOf, ...inOrder });
    expect(asked).toEqual([
      'resolveManifest app 1',
      'resolveManifest app latest',
      'pushManifest app index',
      'getManifest staging amd',
      'getManifest staging arm',
      'getManifest staging att',
      ...['amd-config', 'shared', 'amd-layer', 'arm-config', 'arm-layer', 'att-config', 'att-layer'].map(
        (name) => `pushBlob app ${name}`,
      ),
      'pushManifest app amd',
      'pushManifest app arm',
      'pushManifest app att',
      'pushManifest app index 1 latest',
    ]);
    expect(done).toMatchObject({ present: 0, changed: 2, failed: [] });
    expect(await multi.held(registry, 'app')).toEqual(all);
  });

  test('again: one question for each reference', async () => {
    const { asked, registryOf } = await staged();
    const documents = numbered([indexAt('r.test/app:1', 'r.test/app:latest', 'r.test/other')]);
    await deployed(documents, { registryOf });
    asked.length = 0;
    expect(await deployed(documents, { registryOf })).toMatchObject({ present: 3, changed: 0 });
    expect(asked.toSorted()).toEqual([
      'resolveManifest app 1',
      'resolveManifest app latest',
      'resolveManifest other index',
    ]);
  });

  test('of which one tag was moved: the questions, and that tag', async () => {
    const { registry, asked, registryOf } = await staged();
    const documents = numbered([indexAt('r.test/app:1', 'r.test/app:latest')]);
    await deployed(documents, { registryOf });
    await registry.pushManifest('app', multi.bytes('arm'), {
      mediaType: mediaTypes.ociManifest,
      tags: ['1'],
    });
    asked.length = 0;
    const found = await pending(documents, { registryOf });
    expect(found.map(({ refs }) => refs)).toEqual([[documents[0]?.refs[0]]]);
    asked.length = 0;
    expect(await deployed(documents, { registryOf })).toMatchObject({ present: 1, changed: 1 });
    expect(asked).toEqual([
      'resolveManifest app 1',
      'resolveManifest app latest',
      'pushManifest app index 1',
    ]);
    expect(await tagged(registry, 'app', '1')).toBe('index');
  });

  test('whose images are there for the most part: the others alone are copied', async () => {
    const { registry, asked, registryOf } = await staged();
    await multi.push(registry, 'app', {
      without: ['arm', 'arm-config', 'arm-layer', 'index'],
      tags: { old: 'amd' },
    });
    await deployed(numbered([manifestAt('amd', ['r.test/app:old']), indexAt('r.test/app:1')]), {
      registryOf,
      ...inOrder,
    });
    expect(asked).toEqual([
      'resolveManifest app old',
      'resolveManifest app 1',
      'pushManifest app index',
      'getManifest staging arm',
      'pushBlob app arm-config',
      'pushBlob app arm-layer',
      'pushManifest app arm',
      'pushManifest app index 1',
    ]);
  });

  test('at a registry that refuses images without their layers: only those that it misses are sent', async () => {
    const { registry, asked, registryOf } = await staged();
    await multi.push(registry, 'app', { without: ['arm', 'arm-config', 'index'], tags: { old: 'amd' } });
    const documents = numbered([manifestAt('amd', ['r.test/app:old']), indexAt('r.test/app:1')]);
    await deployed(documents, { registryOf, ...inOrder, targetsVerify: true });
    expect(asked.slice(2)).toEqual([
      'pushManifest app index 1',
      'getManifest staging arm',
      'pushManifest app arm',
      'pushBlob app arm-config',
      'pushManifest app arm',
      'pushManifest app index 1',
    ]);
  });

  test('in several repositories: what is copied is read once', async () => {
    const { registry, asked, registryOf } = await staged();
    const documents = numbered([indexAt('r.test/app:1', 'r.test/other:1')]);
    await deployed(documents, { registryOf, parallel: true });
    expect(asked.filter((line) => line.startsWith('getManifest')).toSorted()).toEqual([
      'getManifest staging amd',
      'getManifest staging arm',
      'getManifest staging att',
    ]);
    expect(await multi.held(registry, 'other')).toEqual(all);
  });

  test('whose images come earlier in the stream is pushed when they are there, and they are not looked for', async () => {
    for (const turned of [false, true]) {
      const { registry, asked, registryOf } = await staged();
      const images = ['amd', 'arm', 'att'].map((name) => manifestAt(name, ['r.test/app']));
      const parent = manifestAt('index', ['r.test/app:1'], {});
      const documents = numbered(turned ? [parent, ...images] : [...images, parent]);
      const done = await deployed(documents, { registryOf, parallel: !turned });
      expect(done.failed.map(({ error }) => error)).toEqual(
        // Where the layers are is said by the images' documents, which are still to come.
        turned ? [expect.objectContaining({ code: 'NAME_UNKNOWN' })] : [],
      );
      expect(asked.filter((line) => line.startsWith('getManifest'))).toEqual([]);
      expect(await multi.held(registry, 'app')).toEqual(turned ? all.slice(0, -1) : all);
    }
  });

  test('under many tags in many documents: the first brings it, the others set their tags', async () => {
    const { asked, registryOf } = await staged();
    const documents = numbered(['1', '2', '3'].map((tag) => indexAt(`r.test/app:${tag}`)));
    await deployed(documents, { registryOf, parallel: true });
    expect(asked.filter((line) => line.startsWith('pushManifest app index')).toSorted()).toEqual([
      'pushManifest app index',
      'pushManifest app index 1',
      'pushManifest app index 2',
      'pushManifest app index 3',
    ]);
  });

  test('of indexes', async () => {
    const nested = graph({
      blobs: { config: { text: '{}', mediaType: mediaTypes.ociConfig }, layer: 'layer' },
      manifests: {
        image: { config: 'config', layers: ['layer'] },
        inner: { manifests: ['image'] },
        outer: { manifests: ['inner', 'image'] },
      },
    });
    for (const sparse of [false, true]) {
      const { registry, registryOf } = await staged(memoryRegistry({ sparse }), nested);
      const document = {
        type: 'manifest',
        refs: ['r.test/app:1'],
        lookup: { '': 'r.test/staging' },
        data: inBase64(nested.bytes('outer')),
      };
      expect((await deployed(numbered([document]), { registryOf })).failed).toEqual([]);
      expect(await nested.held(registry, 'app')).toEqual([...nested.nodes.keys()]);
    }
  });

  test('from another registry: layers are asked for by the request that would send them', async () => {
    const [source, target] = [memoryRegistry(), memoryRegistry()];
    await multi.push(source, 'staging');
    await target.pushBlob('app', multi.descriptor('shared'), multi.bytes('shared'));
    const { asked, registryOf } = stand({ 's.test': source, 'r.test': target }, multi.named);
    const lookup = { [multi.digest('amd')]: 's.test/staging', '': 's.test/staging' };
    await deployed(numbered([manifestAt('index', ['r.test/app:1'], lookup)]), { registryOf });
    expect(asked.filter((line) => line.endsWith('shared'))).toEqual(['pushBlob app shared']);
    expect(asked).toContain('getBlob staging amd-layer');
    expect(await multi.held(target, 'app')).toEqual(all);
  });
});

describe('a registry that takes manifests without their children', () => {
  test('gets the index by its digest, and the tag when the children are there', async () => {
    const { registry, asked, registryOf } = await staged(memoryRegistry({ sparse: true }));
    await deployed(numbered([indexAt('r.test/app:1')]), { registryOf, ...inOrder });
    expect(asked.slice(0, 5)).toEqual([
      'resolveManifest app 1',
      'pushManifest app index',
      'resolveManifest app amd',
      'resolveManifest app arm',
      'resolveManifest app att',
    ]);
    expect(asked.at(-1)).toBe('pushManifest app index 1');
    expect(await multi.held(registry, 'app')).toEqual(all);
  });

  test('has no tag at half of it, whatever fails', async () => {
    for (const missing of ['amd-layer', 'arm'] as const) {
      const { registry, registryOf } = await staged(memoryRegistry({ sparse: true }));
      const digest = multi.digest(missing);
      await (missing === 'arm'
        ? registry.deleteManifest('staging', digest)
        : registry.deleteBlob('staging', digest));
      const done = await deployed(numbered([indexAt('r.test/app:1')]), { registryOf });
      expect(done.failed).toHaveLength(1);
      await expect(registry.resolveManifest('app', '1')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    }
  });

  test('is believed to refuse them, where somebody says so', async () => {
    const { asked, registryOf } = await staged(memoryRegistry({ sparse: true }));
    await deployed(numbered([indexAt('r.test/app:1')]), { registryOf, targetsVerify: true });
    expect(asked).toEqual(['resolveManifest app 1', 'pushManifest app index 1']);
  });

  test('is asked for the children alone, where they are there', async () => {
    const { registry, asked, registryOf } = await staged(memoryRegistry({ sparse: true }));
    await multi.push(registry, 'app', { without: ['index'] });
    await deployed(numbered([indexAt('r.test/app:1')]), { registryOf, ...inOrder });
    expect(asked.slice(0, 8)).toEqual([
      'resolveManifest app 1',
      'pushManifest app index',
      'resolveManifest app amd',
      'resolveManifest app arm',
      'resolveManifest app att',
      'getManifest app amd',
      'getManifest app arm',
      'getManifest app att',
    ]);
    expect(asked.slice(8, -1).filter((line) => !line.startsWith('resolveBlob app '))).toEqual([]);
    expect(asked.at(-1)).toBe('pushManifest app index 1');
  });

  describe('and holds a part of an index, left by whoever was ended', () => {
    /** A registry that has the manifests of the index in `app`, but no layers, and not all of the images. */
    const left = async (...without: readonly string[]): Promise<Staged> => {
      const half = await staged(memoryRegistry({ sparse: true }));
      await multi.push(half.registry, 'app', { without });
      return half;
    };
    const layers = all.filter((name) => multi.nodes.get(name)?.kind === 'blob');

    test.each([
      ['one document', [indexAt('r.test/app:1', 'r.test/app')]],
      ['two documents', [indexAt('r.test/app'), indexAt('r.test/app:1')]],
      ['a document without a tag', [indexAt('r.test/app')]],
      ['a tag alone', [indexAt('r.test/app:1')]],
    ])('%s: the rest is brought', async (_, documents) => {
      for (const without of [['arm'], layers, [...layers, 'arm'], ['att-layer']]) {
        const { registry, registryOf } = await left(...without);
        const planned = await pending(numbered(documents), { registryOf });
        const done = await deployed(numbered(documents), { registryOf });
        expect(done).toMatchObject({ changed: planned.flatMap(({ refs }) => refs).length, failed: [] });
        expect(done.changed).toBeGreaterThan(0);
        expect(await multi.held(registry, 'app')).toEqual(all);
      }
    });

    test('nobody knows where the rest is: it fails each time, and no tag is set', async () => {
      const { registry, registryOf } = await staged(memoryRegistry({ sparse: true }));
      const documents = numbered([
        manifestAt('index', ['r.test/app:i', 'r.test/app'], { '': 'r.test/nowhere' }),
      ]);
      for (let run = 0; run < 2; run++) {
        expect((await deployed(documents, { registryOf })).failed).toHaveLength(2);
        await expect(registry.resolveManifest('app', 'i')).rejects.toMatchObject({ status: 404 });
      }
    });

    test('a copy inside of the repository: no tag is set where layers are missing', async () => {
      const { registry, registryOf } = await left(...layers);
      const lookup = { [multi.digest('index')]: 'r.test/app' };
      const { failed } = await deployed(numbered([{ type: 'manifest', refs: ['r.test/app:1'], lookup }]), {
        registryOf,
      });
      expect(failed).toHaveLength(1);
      await expect(registry.resolveManifest('app', '1')).rejects.toMatchObject({ status: 404 });
    });

    test('an image without its layers, left by a document that failed, is no part of an index', async () => {
      const { registry, registryOf } = await staged(memoryRegistry({ sparse: true }));
      await multi.push(registry, 'half', { without: layers });
      const documents = numbered([
        { type: 'manifest', refs: ['r.test/app:amd'], lookup: { [multi.digest('amd')]: 'r.test/half' } },
        copyOf('index', 'r.test/app:1'),
      ]);
      // It was left by somebody else, too.
      await multi.push(registry, 'app', { without: [...layers, 'index'] });
      const { steps } = await deployed(documents, { registryOf });
      expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'changed']);
      expect(await multi.held(registry, 'app')).toEqual(all);
    });

    test('an image is not given to it before its layers', async () => {
      const { registry, registryOf } = await staged(memoryRegistry({ sparse: true }));
      await registry.deleteBlob('staging', multi.digest('amd-layer'));
      expect((await deployed(numbered([copyOf('amd', 'r.test/app:1')]), { registryOf })).failed).toHaveLength(
        1,
      );
      expect(await multi.held(registry, 'app')).not.toContain('amd');
    });
  });
});

describe('a refusal', () => {
  type Push = Extract<Operation, { name: 'pushManifest' }>;
  /** A registry that refuses manifests as some do, whose refusal is made from that of a proper one. */
  const refusing = (change: (error: RegistryError) => RegistryError): Registry =>
    intercept(memoryRegistry(), (operation, next) =>
      operation.name === 'pushManifest'
        ? next<Push>(operation).catch((error: unknown) => {
            throw error instanceof RegistryError ? change(error) : error;
          })
        : next(operation),
    );

  test('that says nothing of what is missing: each child is asked for', async () => {
    const quay = refusing(
      () => new RegistryError('MANIFEST_INVALID', 'manifest invalid', { status: 400, method: 'PUT' }),
    );
    const { registry, asked, registryOf } = await staged(quay);
    await multi.push(registry, 'app', { without: ['arm', 'index'] });
    const done = await deployed(numbered([indexAt('r.test/app:1')]), { registryOf, ...inOrder });
    expect(done.failed).toEqual([]);
    expect(asked.filter((line) => line.startsWith('resolveManifest'))).toEqual([
      'resolveManifest app 1',
      'resolveManifest app amd',
      'resolveManifest app arm',
      'resolveManifest app att',
    ]);
    expect(await multi.held(registry, 'app')).toEqual(all);
  });

  test('that names one child at a time', async () => {
    const zealous = refusing(
      ({ code, message, detail }) =>
        new RegistryError(code, message, {
          status: 404,
          method: 'PUT',
          detail: (detail as Digest[]).slice(0, 1),
        }),
    );
    const { registry, registryOf } = await staged(zealous);
    const done = await deployed(numbered([indexAt('r.test/app:1')]), { registryOf });
    expect(done.failed).toEqual([]);
    expect(await multi.held(registry, 'app')).toEqual(all);
  });

  test('of a manifest whose children are all there counts', async () => {
    const refused = refusing(() => new RegistryError('UNKNOWN', 'no', { status: 400, method: 'PUT' }));
    const registry = intercept(refused, (operation, next) =>
      operation.name === 'pushManifest' && operation.options.tags?.includes('1')
        ? Promise.reject(new RegistryError('MANIFEST_INVALID', 'too long', { status: 400, method: 'PUT' }))
        : next(operation),
    );
    const { asked, registryOf } = await staged(registry);
    const { failed } = await deployed(numbered([indexAt('r.test/app:1')]), { registryOf });
    expect(failed).toMatchObject([{ error: { message: 'too long' } }]);
    expect(asked.filter((line) => line.startsWith('pushManifest app index'))).toEqual([
      'pushManifest app index',
      'pushManifest app index 1',
    ]);
  });

  test.each([401, 403, 405, 413, 415, 429, 500])(
    '%i is not about children: nothing is copied',
    async (status) => {
      const refused = refusing(() => new RegistryError('UNKNOWN', 'no', { status, method: 'PUT' }));
      await multi.push(memoryRegistry(), 'staging');
      const { asked, registryOf } = stand({ 'r.test': refused }, multi.named);
      const done = await deployed(numbered([indexAt('r.test/app:1')]), { registryOf });
      expect(done.failed).toMatchObject([{ outcome: 'failed', error: { status } }]);
      expect(asked).toEqual(['resolveManifest app 1', 'pushManifest app index']);
    },
  );
});

describe('a copy', () => {
  test('of a manifest: its place is asked first, and it is read if it has to be', async () => {
    const { registry, asked, registryOf } = await staged();
    const documents = numbered([copyOf('amd', 'r.test/app:1', 'r.test/app:2')]);
    await deployed(documents, { registryOf, ...inOrder });
    expect(asked).toEqual([
      'resolveManifest app 1',
      'resolveManifest app 2',
      'getManifest staging amd',
      'pushBlob app amd-config',
      'pushBlob app shared',
      'pushBlob app amd-layer',
      'pushManifest app amd 1 2',
    ]);
    expect(await multi.held(registry, 'app')).toEqual(['shared', 'amd-config', 'amd-layer', 'amd']);
    asked.length = 0;
    await deployed(documents, { registryOf });
    expect(asked).toEqual(['resolveManifest app 1', 'resolveManifest app 2']);
  });

  test('of a tag inside of a repository: it is there already', async () => {
    const { registry, asked, registryOf } = await staged(memoryRegistry({ sparse: true }));
    await multi.push(registry, 'staging', { tags: { old: 'index' } });
    const lookup = { '': 'r.test/staging:old' };
    await deployed(numbered([{ type: 'manifest', refs: ['r.test/staging:new'], lookup }]), { registryOf });
    expect(asked).toEqual([
      'resolveManifest staging old',
      'resolveManifest staging new',
      'getManifest staging index',
      'pushManifest staging index new',
    ]);
  });

  test('of a tag: what it is now', async () => {
    const { registry, asked, registryOf } = await staged();
    const push = (name: string): Promise<unknown> =>
      registry.pushManifest('staging', multi.bytes(name), {
        mediaType: mediaTypes.ociManifest,
        tags: ['now'],
      });
    const documents = numbered([
      { type: 'manifest', refs: ['r.test/app:1', 'r.test/other'], lookup: { '': 'r.test/staging:now' } },
    ]);
    for (const name of ['amd', 'arm']) {
      await push(name);
      expect(await pending(documents, { registryOf })).toHaveLength(2);
      const done = await deployed(documents, { registryOf });
      expect(multi.named(done.steps.map(({ digest }) => digest))).toEqual([name, name]);
      expect(await tagged(registry, 'app', '1')).toBe(name);
      expect(await tagged(registry, 'other', multi.digest(name))).toBe(name);
    }
    asked.length = 0;
    await deployed(documents, { registryOf });
    // No tag proves that it is whole in `other`.
    expect(asked.toSorted()).toEqual([
      'getManifest other arm',
      'resolveBlob other arm-config',
      'resolveBlob other arm-layer',
      'resolveBlob other shared',
      'resolveManifest app 1',
      'resolveManifest other arm',
      'resolveManifest staging now',
    ]);
    asked.length = 0;
    await deployed(documents, { registryOf, targetsVerify: true });
    expect(asked).toHaveLength(3);
  });

  test('of a tag that an earlier document sets', async () => {
    const { registry, asked, registryOf } = await staged();
    const documents = numbered([
      copyOf('amd', 'r.test/app:1'),
      { type: 'manifest', refs: ['r.test/other:1'], lookup: { '': 'r.test/app:1' } },
    ]);
    await deployed(documents, { registryOf, parallel: true });
    expect(asked.filter((line) => line.startsWith('resolve'))).toEqual([
      'resolveManifest app 1',
      'resolveManifest other 1',
    ]);
    expect(await tagged(registry, 'other', '1')).toBe('amd');
  });

  test('of a tag that is not there fails', async () => {
    const { registryOf } = await staged();
    const documents = numbered([
      { type: 'manifest', refs: ['r.test/app:1'], lookup: { '': 'r.test/staging:none' } },
    ]);
    const done = await deployed(documents, { registryOf });
    expect(done.failed).toMatchObject([{ error: { code: 'MANIFEST_UNKNOWN' } }]);
    expect(await pending(documents, { registryOf })).toEqual([]);
  });

  test('leaves layers where they are that may not be distributed', async () => {
    const windows = graph({
      blobs: {
        config: { text: '{}', mediaType: mediaTypes.ociConfig },
        base: { text: 'base', mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
      },
      manifests: { image: { config: 'config', layers: ['base'] } },
    });
    const { registry, registryOf } = await staged(memoryRegistry(), windows);
    const lookup = { [windows.digest('image')]: 'r.test/staging' };
    await deployed(numbered([{ type: 'manifest', refs: ['r.test/app:1'], lookup }]), { registryOf });
    expect(await windows.held(registry, 'app')).toEqual(['config', 'image']);
  });
});

describe('blobs', () => {
  const blobAt = (text: string, ref: string): object => ({
    type: 'blob',
    refs: [ref],
    data: Buffer.from(text).toString('base64'),
  });
  const documents = numbered(['a', 'b', 'c'].map((text) => blobAt(text, 'r.test/app')));
  const names = { a: documents[0], b: documents[1], c: documents[2] };
  const named = <T>(value: T): T => {
    let text = JSON.stringify(value);
    for (const [name, document] of Object.entries(names))
      text = text.replaceAll(document?.refs[0]?.digest ?? '', name);
    return JSON.parse(text) as T;
  };

  test('where there was nothing, one is asked for; the others when they are sent', async () => {
    for (const parallel of [false, true]) {
      const { asked, registryOf } = stand({ 'r.test': memoryRegistry() }, named);
      await deployed(documents, { registryOf, parallel });
      expect(asked.toSorted()).toEqual([
        'pushBlob app a',
        'pushBlob app b',
        'pushBlob app c',
        'resolveBlob app a',
      ]);
      asked.length = 0;
      await deployed(documents, { registryOf, parallel });
      expect(asked).toEqual(['resolveBlob app a', 'resolveBlob app b', 'resolveBlob app c']);
    }
  });

  test('a preview asks for each', async () => {
    const { registryOf } = stand({ 'r.test': memoryRegistry() }, named);
    await deployed(documents.slice(0, 2), { registryOf });
    expect(named((await pending(documents, { registryOf })).map(({ refs }) => refs[0]?.digest))).toEqual([
      'c',
    ]);
  });

  test('are mounted inside of a registry, and sent to another', async () => {
    const [one, two] = [memoryRegistry(), memoryRegistry()];
    const { asked, registryOf } = stand({ 'r.test': one, 's.test': two }, named);
    await deployed(documents, { registryOf });
    asked.length = 0;
    const a = `r.test/app@${documents[0]?.refs[0]?.digest}`;
    const copies = numbered([
      { type: 'blob', refs: ['r.test/other'], lookup: { '': a } },
      { type: 'blob', refs: ['s.test/other'], lookup: { '': a } },
    ]);
    await deployed(copies, { registryOf });
    expect(asked).toEqual([
      'resolveBlob other a',
      'resolveBlob other a',
      'mountBlob other a',
      'resolveBlob app a',
      'pushBlob other a',
      'getBlob app a',
    ]);
  });

  test('are sent where a mount is refused', async () => {
    const registry = intercept(memoryRegistry(), (operation, next) =>
      operation.name === 'mountBlob' ? Promise.resolve(false) : next(operation),
    );
    const { registryOf } = stand({ 'r.test': registry }, named);
    await deployed(documents, { registryOf });
    const lookup = { '': `r.test/app@${documents[0]?.refs[0]?.digest}` };
    const done = await deployed(numbered([{ type: 'blob', refs: ['r.test/other'], lookup }]), { registryOf });
    expect(done).toMatchObject({ changed: 1, failed: [] });
  });
});

describe('what fails', () => {
  test('keeps those from being begun that need it, and no others', async () => {
    const { registry, registryOf } = await staged();
    await registry.deleteBlob('staging', multi.digest('amd-layer'));
    for (const parallel of [false, true]) {
      const repository = parallel ? 'par' : 'seq';
      const documents = numbered([
        copyOf('amd', `r.test/${repository}:amd`),
        copyOf('arm', `r.test/${repository}:arm`),
        indexAt(`r.test/${repository}:1`, `r.test/${repository}:2`),
        copyOf('amd', `r.test/${repository}:again`),
      ]);
      const { steps, failed } = await deployed(documents, { registryOf, parallel });
      const told = steps.map(({ document, reference, outcome, because }) =>
        [document.number, reference.tag, outcome, because].join(' ').trim(),
      );
      expect(told.toSorted()).toEqual([
        '1 amd failed',
        '2 arm changed',
        '3 1 left 1',
        '3 2 left 1',
        '4 again left 1',
      ]);
      expect(failed).toHaveLength(4);
      expect(failed[0]?.error).toMatchObject({ code: 'BLOB_UNKNOWN' });
    }
  });

  test('says what to do about a child that nobody knows', async () => {
    const { registryOf } = await staged();
    const { failed } = await deployed(numbered([manifestAt('index', ['r.test/app:1'], {})]), { registryOf });
    expect(failed).toMatchObject([
      {
        error: {
          message: expect.stringMatching(/; lookup does not say where else it is to be found$/) as string,
        },
      },
    ]);
  });

  test('is a manifest that is none, before anything is asked or sent', async () => {
    const { asked, registryOf } = await staged();
    const document = { type: 'manifest', refs: ['r.test/app:1'], data: { mediaType: mediaTypes.ociIndex } };
    const documents = numbered([copyOf('amd', 'r.test/app:2'), document]);
    const why = /^document 2, line 2: \/data\/schemaVersion: must be 2$/;
    await expect(deploy(documents, { registryOf })).rejects.toThrow(why);
    await expect(pending(documents, { registryOf })).rejects.toThrow(why);
    expect(asked).toEqual([]);
  });

  test('a question that gets no answer is a failure of those that wanted to know', async () => {
    const memory = memoryRegistry();
    await multi.push(memory, 'staging');
    const registry = intercept(memory, (operation, next) => {
      if (operation.name === 'resolveManifest' && operation.reference === 'bad')
        throw new RegistryError('UNKNOWN', 'no', { status: 500 });
      return next(operation);
    });
    const { registryOf } = stand({ 'r.test': registry }, multi.named);
    const documents = numbered([copyOf('amd', 'r.test/app:bad'), copyOf('arm', 'r.test/app:good')]);
    const { steps } = await deployed(documents, { registryOf });
    expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'changed']);
  });

  test('a registry that does not answer is not asked for the rest', async () => {
    let pushes = 0;
    const memory = memoryRegistry();
    await multi.push(memory, 'staging');
    const registry = intercept(memory, (operation, next) => {
      if (operation.name !== 'pushManifest') return next(operation);
      pushes++;
      throw new RegistryError('UNAVAILABLE', 'it does not answer');
    });
    const { registryOf } = stand({ 'r.test': registry }, multi.named);
    const documents = numbered(['1', '2', '3'].map((tag) => copyOf('amd', `r.test/app${tag}:1`)));
    const { failed } = await deployed(documents, { registryOf });
    expect(failed.map(({ outcome, because }) => because ?? outcome)).toEqual(['failed', 'r.test', 'r.test']);
    expect(pushes).toBe(1);
  });

  test('two documents that want different things under one tag: nothing is asked', async () => {
    const { asked, registryOf } = await staged();
    const wish = (...names: readonly string[]): Promise<unknown> =>
      deploy(numbered(names.map((name) => copyOf(name, 'r.test/app:1'))), { registryOf });
    await expect(wish('amd', 'arm')).rejects.toThrow(
      /^document 2, line 2: \/refs\/0: r.test\/app:1 is to be sha256:\S+ here, and sha256:\S+ in document 1$/,
    );
    expect(asked).toEqual([]);
    await wish('amd', 'amd');
  });

  test('an end on request: what is under way ends, and nothing more is begun', async () => {
    const ending = new AbortController();
    const memory = memoryRegistry();
    await multi.push(memory, 'staging');
    const registry = intercept(memory, (operation, next) => {
      if (operation.name === 'pushManifest') ending.abort(new Error('enough'));
      return next(operation);
    });
    const { asked, registryOf } = stand({ 'r.test': registry }, multi.named);
    const documents = numbered(['1', '2', '3'].map((tag) => indexAt(`r.test/app${tag}:1`)));
    await expect(deploy(documents, { registryOf, signal: ending.signal })).rejects.toThrow('enough');
    expect(asked.filter((line) => line.startsWith('push'))).toEqual(['pushManifest app1 index']);
  });
});

test('whether a registry takes many tags at once is found out by one request', async () => {
  const memory = memoryRegistry();
  await multi.push(memory, 'staging');
  let [under, most, first] = [0, 0, true];
  const overlaps: boolean[] = [];
  const hold = async (): Promise<void> => {
    most = Math.max(most, ++under);
    await setTimeout(5);
    if (first) overlaps.push(under > 1);
    first = false;
    under--;
  };
  const registry = intercept(memory, (operation, next) =>
    operation.name === 'pushManifest' && (operation.options.tags ?? []).length > 1
      ? hold().then(() => next(operation))
      : next(operation),
  );
  const { registryOf } = stand({ 'r.test': registry }, multi.named);
  const documents = numbered([0, 1, 2, 3].map((at) => indexAt(`r.test/app${at}:1`, `r.test/app${at}:2`)));
  expect((await deployed(documents, { registryOf, parallel: true })).changed).toBe(8);
  expect(overlaps).toEqual([false]);
  expect(most).toBeGreaterThan(1);
});

test('tokens are got for many repositories at once, when one answer has shown what it takes', async () => {
  const { asked, registryOf } = await staged();
  const documents = numbered([indexAt('r.test/a:1'), indexAt('r.test/b:1')]);
  const authorize = async (host: string, wants: readonly object[]): Promise<void> => {
    asked.push(`authorize ${host} ${JSON.stringify(wants)}`);
  };
  await deployed(documents, { registryOf, authorize, parallel: true });
  expect(asked.slice(0, 4)).toEqual([
    'resolveManifest a 1',
    'authorize r.test [{"repository":"a","actions":["pull"]},{"repository":"b","actions":["pull"]}]',
    'resolveManifest b 1',
    'authorize r.test [{"repository":"a","actions":["pull","push"]},{"repository":"staging","actions":["pull"]},{"repository":"b","actions":["pull","push"]}]',
  ]);
  asked.length = 0;
  // One repository's token comes with its first request.
  await deployed(numbered([copyOf('amd', 'r.test/staging:new')]), { registryOf, authorize });
  expect(asked).toEqual([
    'resolveManifest staging new',
    'getManifest staging amd',
    ...['amd-config', 'shared', 'amd-layer'].map((name) => `pushBlob staging ${name}`),
    'pushManifest staging amd new',
  ]);
});
