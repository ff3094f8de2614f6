import { open, readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/index.ts';
import {
  archiveRegistry,
  type ArchiveOptions,
  type ArchiveRegistry,
} from '../../../src/store/archive/index.ts';
import { entriesOf } from '../../tar/access.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { all, config, image, index, piece, push, pushBlob, type Piece } from '../layout/image.ts';
import { rawEntry } from '../../tar/raw.ts';
import {
  blob,
  dockerConfig,
  dockerManifest,
  indexJson,
  layer,
  layoutFiles,
  link,
  many,
  one,
  tar,
  VERSION,
} from './samples.ts';

const folder = temporaryFolder();
const pathOf = (name = 'x.tar'): string => join(folder(), name);

/** Opens an archive for a while. */
async function within<T>(
  name: string,
  options: Partial<ArchiveOptions>,
  work: (archive: ArchiveRegistry) => Promise<T>,
): Promise<T> {
  const archive = archiveRegistry(pathOf(name), { format: 'oci', durable: false, ...options });
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}

const two = image('two');

async function pushAll(archive: ArchiveRegistry, pieces: readonly Piece[]): Promise<void> {
  await pushBlob(archive, 'archive', config);
  for (const each of pieces) await push(archive, 'archive', each);
}

/** The paths in an archive, in order. */
async function pathsIn(name: string): Promise<string[]> {
  return (await entriesOf(await readFile(pathOf(name)))).map(({ path }) => path);
}

describe('an archive', () => {
  test('that is not there has nothing, and says so', async () => {
    await within('x.tar', {}, async (archive) => {
      expect(await all(archive.repositories())).toEqual([]);
      expect(await archive.names.entries()).toEqual([]);
      await expect(archive.getManifest('archive', 'v1')).rejects.toMatchObject({
        code: 'NAME_UNKNOWN',
        status: 404,
        message: `there is no archive ${pathOf()}`,
      });
    });
    expect(await readdir(folder())).toEqual([]);
  });

  test('has one repository, under the name that it is given', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    await within('x.tar', { repository: 'team/app' }, async (archive) => {
      expect(await all(archive.repositories())).toEqual(['team/app']);
      expect(await all(archive.tags('team/app'))).toEqual(['many', 'one']);
      await expect(archive.getManifest('archive', 'one')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    });
  });

  test.each<[string, (archive: ArchiveRegistry, name: string) => Promise<unknown>]>([
    ['getBlob', (archive, name) => archive.getBlob(name, config.descriptor.digest)],
    ['resolveBlob', (archive, name) => archive.resolveBlob(name, config.descriptor.digest)],
    ['getManifest', (archive, name) => archive.getManifest(name, 'one')],
    ['resolveManifest', (archive, name) => archive.resolveManifest(name, 'one')],
    ['pushBlob', (archive, name) => pushBlob(archive, name, config)],
    ['mountBlob', (archive, name) => archive.mountBlob(name, config.descriptor.digest)],
    ['startUpload', (archive, name) => archive.startUpload(name)],
    ['pushManifest', (archive, name) => push(archive, name, one)],
    ['deleteBlob', (archive, name) => archive.deleteBlob(name, config.descriptor.digest)],
    ['deleteManifest', (archive, name) => archive.deleteManifest(name, 'one')],
    ['tags', (archive, name) => all(archive.tags(name))],
  ])('has no other repository: %s', async (_, ask) => {
    await writeFile(pathOf(), tar(...layoutFiles));
    await within('x.tar', {}, async (archive) => {
      await expect(ask(archive, 'other')).rejects.toMatchObject({
        code: 'NAME_UNKNOWN',
        repository: 'other',
      });
      await expect(ask(archive, 'NOT A NAME')).rejects.toMatchObject({ code: 'NAME_INVALID' });
      expect(await all(archive.referrers('other', one.descriptor.digest))).toEqual([]);
    });
  });

  test.each(['.tar', '.tar.gz', '.tgz', '.bin'])(
    'is recognised by its content, whatever its name: %s',
    async (suffix) => {
      for (const bytes of [tar(...layoutFiles), gzipSync(tar(...layoutFiles))]) {
        await writeFile(pathOf(`x${suffix}`), bytes);
        await within(`x${suffix}`, {}, async (archive) => {
          expect(await (await archive.getManifest('archive', 'many')).bytes()).toEqual(many.bytes);
          const part = await archive.getBlob('archive', config.descriptor.digest, {
            range: { start: 2, end: 14 },
          });
          expect(await part.text()).toBe('architecture');
        });
        expect(await readdir(folder())).toEqual([`x${suffix}`]);
      }
    },
  );

  test('that is replaced is read anew; what was opened before is read from where it is now', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    await within('x.tar', {}, async (archive) => {
      const content = await archive.getBlob('archive', config.descriptor.digest);
      // All else is at another place in it.
      await writeFile(
        pathOf('new'),
        tar(VERSION, indexJson({ two }), ['more', 'more'], blob(config), blob(two)),
      );
      await rename(pathOf('new'), pathOf());
      expect(await content.bytes()).toEqual(config.bytes);
      expect(await all(archive.tags('archive'))).toEqual(['two']);
      await expect(archive.getManifest('archive', 'one')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    });
  });

  test('whose path the system refuses is not one that is not there', async () => {
    await within('x'.repeat(300), {}, async (archive) => {
      await expect(archive.names.entries()).rejects.toMatchObject({
        code: 'UNKNOWN',
        message: expect.stringMatching(/^cannot stat the archive .*ENAMETOOLONG/) as string,
      });
    });
  });

  test('leaves no file open, whatever was done with it', { skip: process.platform !== 'linux' }, async () => {
    const open = async (): Promise<string[]> => {
      const found = await Promise.all(
        (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return found.filter((path) => path.includes(folder()));
    };
    await writeFile(pathOf(), gzipSync(tar(...layoutFiles)));
    await within('x.tar', {}, async (archive) => {
      await (await archive.getManifest('archive', 'one')).bytes();
      await push(archive, 'archive', two, 'two');
      const upload = await archive.startUpload('archive');
      await upload.write(Buffer.from('some'), { size: 4 });
      await expect(upload.write(Buffer.from('more'), { size: 5 })).rejects.toThrow('announced');
      await expect(upload.commit(one.descriptor.digest)).rejects.toThrow('expected');
      const wrong = archive.pushBlob('archive', config.descriptor, Buffer.from('something else'));
      await expect(wrong).rejects.toMatchObject({ code: 'SIZE_INVALID' });
      await archive.commit();
      await push(archive, 'archive', image('three'), 'three');
      // What was decompressed is of no use any more: the new file is not compressed.
      expect(await open()).toEqual([]);
    });
    await writeFile(pathOf(), gzipSync(tar(...layoutFiles)));
    await within('x.tar', {}, async (archive) => {
      await (await archive.getManifest('archive', 'one')).bytes();
      expect(await open()).toHaveLength(1);
    });
    expect(await open()).toEqual([]);
  });

  test('has the images of an index as soon as that is there, which its index.json named before', async () => {
    await writeFile(pathOf(), tar(VERSION, indexJson({ many }), blob(config), blob(one)));
    await within('x.tar', {}, async (archive) => {
      const asked = (): Promise<unknown> => archive.resolveManifest('archive', one.descriptor.digest);
      await expect(asked()).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
      await pushBlob(archive, 'archive', many);
      expect(await asked()).toEqual(one.descriptor);
    });
  });

  test('refuses digests that are none', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    const none = 'sha256:123' as Digest;
    const invalid = { code: 'DIGEST_INVALID' };
    await within('x.tar', {}, async (archive) => {
      await expect(all(archive.referrers('archive', none))).rejects.toMatchObject(invalid);
      await expect(archive.names.name(none, [{ tag: 'x' }])).rejects.toMatchObject(invalid);
      await expect(archive.deleteBlob('archive', none)).rejects.toMatchObject(invalid);
      await expect(archive.getBlob('archive', none)).rejects.toMatchObject(invalid);
      await expect(archive.mountBlob('archive', none)).rejects.toMatchObject(invalid);
    });
  });

  test('that is closed says so', async () => {
    const archive = archiveRegistry(pathOf(), { format: 'oci' });
    await archive.close();
    await expect(archive.names.entries()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

describe("Docker's old format", () => {
  const first = Buffer.from('first layer');
  const second = gzipSync(Buffer.from('second layer'));
  const files = [
    ['config.json', dockerConfig(first, Buffer.from('second layer'))],
    ['a/layer.tar', first],
    ['b/layer.tar', second],
  ] as const;
  const manifest = dockerManifest({
    RepoTags: ['x/y:1', 'localhost:5000/z:2'],
    Layers: ['a/layer.tar', 'b/layer.tar'],
  });

  test('has images whose manifests are made: with the digests of what is there', async () => {
    await writeFile(pathOf(), tar(...files, manifest));
    await within('x.tar', { format: 'docker' }, async (archive) => {
      const found = await archive.names.resolve({ name: 'x/y:1' });
      expect(await (await archive.getManifest('archive', found.digest)).json()).toEqual({
        schemaVersion: 2,
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        config: {
          mediaType: 'application/vnd.docker.container.image.v1+json',
          digest: digestOf(files[0][1]),
          size: files[0][1].length,
        },
        layers: [
          {
            mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
            digest: digestOf(first),
            size: first.length,
          },
          {
            mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
            digest: digestOf(second),
            size: second.length,
          },
        ],
      });
      expect(await (await archive.getBlob('archive', digestOf(first))).bytes()).toEqual(first);
      expect(await (await archive.getBlob('archive', digestOf(second))).bytes()).toEqual(second);
      expect((await archive.names.resolve({ name: 'localhost:5000/z:2' })).digest).toBe(found.digest);
      expect(found.annotations).toEqual({
        'io.containerd.image.name': 'docker.io/x/y:1',
        'org.opencontainers.image.ref.name': '1',
      });
      expect(await all(archive.tags('archive'))).toEqual(['1', '2']);
    });
  });

  test('has OCI manifests where a layer is zstd, for which Docker has no type', async () => {
    const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]);
    await writeFile(
      pathOf(),
      tar(dockerManifest({}), ['config.json', dockerConfig(layer)], ['a/layer.tar', zstd]),
    );
    await within('x.tar', { format: 'docker' }, async (archive) => {
      expect(await (await archive.getManifest('archive', '1')).json()).toMatchObject({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json' },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: digestOf(zstd) }],
      });
    });
  });

  test('has layers behind links in it, as podman writes them', async () => {
    const links = [
      link('2', '../real.tar', 'a/layer.tar'),
      ['real.tar', layer] as const,
      link('1', 'real.tar', 'b/layer.tar'),
    ];
    const twice = dockerManifest({ Layers: ['a/layer.tar', 'b/layer.tar'] });
    await writeFile(pathOf(), tar(twice, ['config.json', dockerConfig(layer, layer)], ...links));
    await within('x.tar', { format: 'docker' }, async (archive) => {
      const { layers } = await (
        await archive.getManifest('archive', '1')
      ).json<{ layers: readonly { digest: Digest }[] }>();
      expect(layers.map(({ digest }) => digest)).toEqual([digestOf(layer), digestOf(layer)]);
    });
  });

  test('can have images without layers, whose configs need not list any', async () => {
    const rootless = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' } });
    await writeFile(pathOf(), tar(dockerManifest({ Layers: null }), ['config.json', rootless]));
    await within('x.tar', { format: 'docker' }, async (archive) => {
      expect(await (await archive.getManifest('archive', '1')).json()).toMatchObject({ layers: [] });
    });
  });

  test('can have images without names, and none at all', async () => {
    await writeFile(
      pathOf(),
      tar(dockerManifest({ RepoTags: null }), ['config.json', dockerConfig(layer)], ['a/layer.tar', layer]),
    );
    await within('x.tar', { format: 'docker' }, async (archive) => {
      expect((await archive.names.resolve({})).annotations).toBeUndefined();
    });
    await writeFile(pathOf('none.tar'), tar(['manifest.json', '[]']));
    await within('none.tar', { format: 'docker' }, async (archive) => {
      expect(await archive.names.entries()).toEqual([]);
    });
  });

  test('is refused as an OCI layout, with advice', async () => {
    await writeFile(pathOf(), tar(...files, manifest));
    await within('x.tar', {}, async (archive) => {
      await expect(archive.names.entries()).rejects.toMatchObject({
        code: 'ARCHIVE_INVALID',
        message: expect.stringContaining('read it as a Docker archive') as string,
      });
    });
  });

  test('becomes both formats at once when it is written again, with the same images', async () => {
    await writeFile(pathOf(), tar(...files, manifest));
    const before = await within('x.tar', { format: 'docker' }, async (archive) => {
      const { digest } = await archive.names.resolve({ name: 'x/y:1' });
      await archive.names.name(digest, [{ name: 'more:1' }]);
      await archive.commit();
      return digest;
    });
    for (const format of ['docker', 'oci'] as const) {
      await within('x.tar', { format }, async (archive) => {
        for (const name of ['x/y:1', 'more:1'])
          expect((await archive.names.resolve({ name })).digest).toBe(before);
        expect(await (await archive.getBlob('archive', digestOf(first))).bytes()).toEqual(first);
      });
    }
  });
});

describe("Docker's new format, which is both", () => {
  test('has the names of index.json, and those of manifest.json where that has none', async () => {
    const platform = image('of a platform');
    const [unnamed] = [index([platform])];
    const manifests = [
      unnamed.descriptor,
      { ...one.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'own' } },
    ];
    const path = `blobs/${config.descriptor.digest.replace(':', '/')}`;
    const list = [{ Config: path, RepoTags: ['given:1'], Layers: [] }];
    const files = [
      VERSION,
      ['index.json', JSON.stringify({ schemaVersion: 2, manifests })],
      ['manifest.json', JSON.stringify(list)],
    ] as const;
    await writeFile(pathOf(), tar(...files, blob(config), blob(one), blob(platform), blob(unnamed)));
    await within('x.tar', { format: 'docker' }, async (archive) => {
      expect((await archive.names.resolve({ name: 'given:1' })).digest).toBe(unnamed.descriptor.digest);
      expect((await archive.names.resolve({ tag: 'own' })).digest).toBe(one.descriptor.digest);
    });
    await within('x.tar', { format: 'oci' }, async (archive) => {
      await expect(archive.names.resolve({ name: 'given:1' })).rejects.toMatchObject({
        code: 'MANIFEST_UNKNOWN',
      });
    });
  });
});

describe('what is written', () => {
  test('is seen by who wrote it, and by others when it is committed; without that it is gone', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    const before = await readFile(pathOf());
    await within('x.tar', {}, async (archive) => {
      await push(archive, 'archive', two, 'two');
      await archive.deleteManifest('archive', 'one');
      expect(await all(archive.tags('archive'))).toEqual(['many', 'two']);
      await within('x.tar', {}, async (other) =>
        expect(await all(other.tags('archive'))).toEqual(['many', 'one']),
      );
    });
    expect(await readFile(pathOf())).toEqual(before);
    expect(await readdir(folder())).toEqual(['x.tar']);

    await within('x.tar', {}, async (archive) => {
      await push(archive, 'archive', two, 'two');
      await archive.commit();
      await within('x.tar', {}, async (other) => {
        expect(await all(other.tags('archive'))).toEqual(['many', 'one', 'two']);
        expect(await (await other.getManifest('archive', 'two')).bytes()).toEqual(two.bytes);
      });
    });
    expect(await readdir(folder())).toEqual(['x.tar']);
  });

  test('is the same bytes, whoever wrote it, when, and in which order', async () => {
    const reference = { annotations: { 'org.opencontainers.image.ref.name': 'two' }, ...two.descriptor };
    const byHand = indexJson({ many });
    const own = JSON.parse(byHand[1]) as { manifests: unknown[] };
    await writeFile(
      pathOf('a.tar'),
      tar(
        rawEntry({ name: './', type: '5' }),
        blob(two),
        blob(many),
        ['README', 'x'],
        blob(one),
        blob(config),
        ['index.json', JSON.stringify({ manifests: [reference, ...own.manifests], schemaVersion: 2 })],
        VERSION,
      ),
    );
    // Written as it is, but for a change that is taken back.
    await within('a.tar', {}, async (archive) => {
      await archive.names.name(two.descriptor.digest, [{ tag: 'other' }]);
      await archive.names.unname([{ tag: 'other' }]);
      await archive.commit();
    });
    await within('b.tar', {}, async (archive) => {
      await pushAll(archive, [one, many, two]);
      await archive.names.name(many.descriptor.digest, [{ tag: 'many' }]);
      await archive.names.name(two.descriptor.digest, [{ tag: 'two' }]);
      await archive.commit();
    });
    await within('c.tar', {}, async (archive) => {
      await pushAll(archive, [two]);
      await archive.names.name(two.descriptor.digest, [{ tag: 'two' }]);
      await archive.commit();
      await push(archive, 'archive', one, 'lost');
      await push(archive, 'archive', many, 'many');
      await archive.deleteManifest('archive', 'lost');
      await archive.commit();
    });
    const [a, b, c] = await Promise.all(['a.tar', 'b.tar', 'c.tar'].map((name) => readFile(pathOf(name))));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
    expect(c?.equals(b ?? Buffer.alloc(0))).toBe(true);
  });

  test('has a fixed order, and only what names and manifests lead to', async () => {
    const referrer = image('a signature', { subject: one.descriptor, artifactType: 'application/x' });
    for (const format of ['oci', 'docker'] as const) {
      await within(`${format}.tar`, { format }, async (archive) => {
        await pushAll(archive, [one, many, referrer]);
        await pushBlob(archive, 'archive', piece('of no manifest'));
        await archive.commit();
        // It is still to be used by who pushed it.
        expect(await archive.resolveBlob('archive', piece('of no manifest').descriptor.digest)).toBeDefined();
      });
      const blobs = [config, one, many, referrer].map(
        ({ descriptor }) => `blobs/${descriptor.digest.replace(':', '/')}`,
      );
      expect(await pathsIn(`${format}.tar`)).toEqual([
        'oci-layout',
        'index.json',
        ...(format === 'docker' ? ['manifest.json'] : []),
        'blobs/',
        'blobs/sha256/',
        ...blobs.sort(),
      ]);
      await within(`${format}.tar`, { format }, async (archive) => {
        const found = await all(archive.referrers('archive', one.descriptor.digest));
        expect(found.map(({ digest }) => digest)).toEqual([referrer.descriptor.digest]);
      });
    }
  });

  test('lists, for docker load, each image once with its names in full, and of an index the platform that is wanted', async () => {
    const platforms = ['arm64', 'amd64'].map((architecture) => {
      const own = piece(JSON.stringify({ architecture, os: 'linux' }), config.descriptor.mediaType);
      return {
        own,
        made: image(architecture, { config: own.descriptor }),
        platform: { architecture, os: 'linux' },
      };
    });
    const both = index([], {
      manifests: platforms.map(({ made, platform }) => ({ ...made.descriptor, platform })),
    });
    const written = async (options: Partial<ArchiveOptions>): Promise<unknown> => {
      await within('x.tar', { format: 'docker', ...options }, async (archive) => {
        for (const { own, made } of platforms) {
          await pushBlob(archive, 'archive', own);
          await push(archive, 'archive', made);
        }
        await push(archive, 'archive', both);
        await archive.names.name(both.descriptor.digest, [{ name: 'alpine:3' }, { name: 'x.test/y:1' }]);
        await archive.commit();
      });
      const bytes = await readFile(pathOf());
      const found = (await entriesOf(bytes)).find(({ path }) => path === 'manifest.json');
      return JSON.parse(bytes.toString('utf8', found?.offset, (found?.offset ?? 0) + (found?.size ?? 0)));
    };
    const configOf = (at: number): string =>
      `blobs/${platforms[at]?.own.descriptor.digest.replace(':', '/')}`;
    const names = ['docker.io/library/alpine:3', 'x.test/y:1'];
    expect(await written({})).toEqual([{ Config: configOf(1), RepoTags: names, Layers: [] }]);
    expect(await written({ platform: { os: 'linux', architecture: 'arm64' } })).toEqual([
      { Config: configOf(0), RepoTags: names, Layers: [] },
    ]);
  });

  test('has an index.json whose entries have their fields in one order, by name those that are not in the standard', async () => {
    const { mediaType, digest, size } = one.descriptor;
    const entry = {
      zeta: 1,
      annotations: { 'x.z': '1', 'x.a': '2', 'org.opencontainers.image.ref.name': 'one' },
      platform: { os: 'linux', architecture: 'amd64' },
      size,
      alpha: 2,
      digest,
      mediaType,
    };
    const document = { other: true, annotations: { b: '1' }, manifests: [entry], schemaVersion: 2 };
    await writeFile(
      pathOf(),
      tar(VERSION, ['index.json', JSON.stringify(document)], blob(config), blob(one)),
    );
    await within('x.tar', {}, async (archive) => {
      await pushAll(archive, [two]);
      await archive.commit();
    });
    const bytes = await readFile(pathOf());
    const found = (await entriesOf(bytes)).find(({ path }) => path === 'index.json');
    const unnamed = `{"mediaType":"${mediaType}","digest":"${two.descriptor.digest}","size":${two.descriptor.size}}`;
    expect(bytes.toString('utf8', found?.offset, (found?.offset ?? 0) + (found?.size ?? 0))).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","annotations":{"b":"1"},"other":true,"manifests":[' +
        `{"mediaType":"${mediaType}","digest":"${digest}","size":${size},"platform":{"os":"linux","architecture":"amd64"},` +
        '"annotations":{"org.opencontainers.image.ref.name":"one","x.a":"2","x.z":"1"},"alpha":2,"zeta":1},' +
        `${unnamed}]}`,
    );
  });

  test('lists, for docker load, nothing that cannot be run or is not whole; it stays all the same', async () => {
    const attested = image('attestation');
    const malformed = { ...image('x'), ...piece('{"config":7}', one.descriptor.mediaType) };
    const chart = image('chart', {
      config: { ...config.descriptor, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    });
    const child = {
      ...attested.descriptor,
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const attesting = index([], { manifests: [child] });
    const sparse = index([image('elsewhere')]);
    const partial = image('partial', { layers: [piece('not there').descriptor] });
    const there = [one, attested, attesting, malformed, chart, sparse, partial];
    const tags = { attesting, malformed, chart, sparse, partial, one };
    await writeFile(pathOf(), tar(VERSION, indexJson(tags), blob(config), ...there.map(blob)));
    await within('x.tar', { format: 'docker' }, async (archive) => {
      await archive.names.name(one.descriptor.digest, [{ name: 'one:1' }]);
      await archive.commit();
    });
    const bytes = await readFile(pathOf());
    const found = (await entriesOf(bytes)).find(({ path }) => path === 'manifest.json');
    const list = bytes.toString('utf8', found?.offset, (found?.offset ?? 0) + (found?.size ?? 0));
    const Config = `blobs/${config.descriptor.digest.replace(':', '/')}`;
    expect(JSON.parse(list)).toEqual([{ Config, RepoTags: ['docker.io/library/one:1'], Layers: [] }]);
    expect(await pathsIn('x.tar')).toEqual(expect.arrayContaining(there.map((each) => blob(each)[0])));
  });

  test('is compressed where the name says so; the same bytes each time', async () => {
    for (const name of ['a.tar.gz', 'b.TGZ', 'plain.tar']) {
      await within(name, {}, async (archive) => {
        await pushAll(archive, [one]);
        await archive.commit();
      });
    }
    const [a, b, plain] = await Promise.all(
      ['a.tar.gz', 'b.TGZ', 'plain.tar'].map((name) => readFile(pathOf(name))),
    );
    expect(a).toEqual(b);
    expect(gunzipSync(a ?? '')).toEqual(plain);
    // No time, and no system.
    expect(a?.toString('hex', 4, 10)).toBe('0000000000ff');
  });

  test('is zstd where Node can write it; else the error says what to do', async () => {
    const committed = within('x.tar.zst', {}, async (archive) => {
      await pushAll(archive, [one]);
      await archive.commit();
    });
    if ('zstdCompressSync' in (await import('node:zlib'))) {
      await committed;
      await within('x.tar.zst', {}, async (archive) =>
        expect(await (await archive.getManifest('archive', one.descriptor.digest)).bytes()).toEqual(
          one.bytes,
        ),
      );
    } else {
      await expect(committed).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(
          /use 22\.15 or later, or a name that ends with \.tar or \.tar\.gz/,
        ) as string,
      });
      expect(await readdir(folder())).toEqual([]);
    }
  });

  test('has what somebody else wrote meanwhile', async () => {
    await within('x.tar', {}, async (mine) => {
      await pushAll(mine, [one]);
      await mine.names.name(one.descriptor.digest, [{ tag: 'mine' }]);
      await within('x.tar', {}, async (theirs) => {
        await pushAll(theirs, [two]);
        await theirs.names.name(two.descriptor.digest, [{ tag: 'theirs' }]);
        await theirs.commit();
      });
      expect(await all(mine.tags('archive'))).toEqual(['mine', 'theirs']);
      await mine.commit();
    });
    await within('x.tar', {}, async (archive) =>
      expect(await all(archive.tags('archive'))).toEqual(['mine', 'theirs']),
    );
  });

  test('has it also when that comes in the middle of writing', async () => {
    await within('x.tar', {}, async (mine) => {
      const large = piece(Buffer.alloc(8 * 1024 * 1024, 'x'));
      await pushBlob(mine, 'archive', large);
      await pushAll(mine, [one, image('large', { layers: [large.descriptor] })]);
      await within('x.tar', {}, async (theirs) => {
        await pushAll(theirs, [two]);
        const committed = mine.commit();
        await theirs.commit();
        await committed;
      });
    });
    await within('x.tar', {}, async (archive) => {
      for (const each of [one, two])
        expect(await (await archive.getManifest('archive', each.descriptor.digest)).bytes()).toEqual(
          each.bytes,
        );
    });
  });

  test('is there again when it is pushed again after it was deleted, be it in the archive or not', async () => {
    await writeFile(pathOf(), tar(...layoutFiles, blob(piece('in it'))));
    await within('x.tar', {}, async (archive) => {
      await pushBlob(archive, 'archive', piece('not yet in it'));
      for (const each of [piece('in it'), piece('not yet in it')]) {
        const { digest } = each.descriptor;
        await archive.deleteBlob('archive', digest);
        await expect(archive.getBlob('archive', digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
        await expect(archive.deleteBlob('archive', digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
        await pushBlob(archive, 'archive', each);
        expect(await (await archive.getBlob('archive', digest)).bytes()).toEqual(each.bytes);
      }
    });
  });

  test('can be read from where it is by then, if it was opened before it was written out', async () => {
    await within('x.tar', {}, async (archive) => {
      await pushAll(archive, [one]);
      const content = await archive.getBlob('archive', config.descriptor.digest);
      await archive.commit();
      expect(await content.bytes()).toEqual(config.bytes);
    });
  });

  test('has all, where many write at once and none knows of the others', async () => {
    const images = Array.from({ length: 12 }, (_, at) => image(`image ${at}`));
    await Promise.all(
      images.map((each, at) =>
        within('x.tar', {}, async (archive) => {
          await pushBlob(archive, 'archive', config);
          await push(archive, 'archive', each, `v${at}`);
          await archive.commit();
        }),
      ),
    );
    await within('x.tar', {}, async (archive) => expect(await all(archive.tags('archive'))).toHaveLength(12));
    expect(await readdir(folder())).toEqual(['x.tar']);
  });

  test('can be given up while another one writes', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    const other = await open(pathOf(), 'r+');
    const { tryLock } = await import('fs-native-extensions');
    expect(tryLock(other.fd)).toBe(true);
    await within('x.tar', {}, async (archive) => {
      await push(archive, 'archive', two, 'two');
      const given = new AbortController();
      const committed = archive.commit({ signal: given.signal });
      given.abort(new Error('no more'));
      await expect(committed).rejects.toThrow('no more');
    });
    await other.close();
    expect(await readdir(folder())).toEqual(['x.tar']);
  });

  test('whose folder is not there says so, and can be closed', async () => {
    for (const name of ['nowhere/x.tar', 'file/x.tar']) {
      await writeFile(pathOf('file'), '');
      await within(name, {}, async (archive) => {
        await expect(pushBlob(archive, 'archive', config)).rejects.toMatchObject({
          message: `cannot write the archive ${pathOf(name)}: there is no folder ${dirname(pathOf(name))}`,
        });
      });
    }
  });

  test('leaves nothing behind, where a push comes after the end', async () => {
    const archive = archiveRegistry(pathOf(), { format: 'oci' });
    await pushBlob(archive, 'archive', config);
    await archive.close();
    await expect(pushBlob(archive, 'archive', two)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await readdir(folder())).toEqual([]);
  });

  test('from a source that breaks off fails with what the source says, and the upload goes on', async () => {
    await within('x.tar', {}, async (archive) => {
      const upload = await archive.startUpload('archive');
      const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', errno: -104, syscall: 'read' });
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield config.bytes.subarray(0, 10);
        throw reset;
      };
      await expect(upload.write(source())).rejects.toBe(reset);
      expect(upload.offset).toBe(10);
      await upload.write(config.bytes.subarray(10));
      expect((await upload.commit(config.descriptor.digest)).size).toBe(config.bytes.length);
    });
  });

  test('is nothing, where nothing changed: not a byte of the file', async () => {
    const bytes = tar(...layoutFiles, ['README', 'x']);
    await writeFile(pathOf(), bytes);
    await within('x.tar', {}, async (archive) => {
      await archive.names.name(one.descriptor.digest, [{ tag: 'one' }]);
      await archive.commit();
    });
    expect(await readFile(pathOf())).toEqual(bytes);
  });

  test('by many at once, in one process, is all there', async () => {
    const images = Array.from({ length: 20 }, (_, at) => image(`image ${at}`));
    await within('x.tar', {}, async (archive) => {
      await pushBlob(archive, 'archive', config);
      await Promise.all(images.map((each, at) => push(archive, 'archive', each, `v${at}`)));
      await Promise.all([archive.commit(), push(archive, 'archive', two, 'late'), archive.commit()]);
      await archive.commit();
    });
    await within('x.tar', {}, async (archive) => expect(await all(archive.tags('archive'))).toHaveLength(21));
  });

  test('that is deleted is not in the new file, and not what it alone led to', async () => {
    await writeFile(pathOf(), tar(...layoutFiles));
    await within('x.tar', {}, async (archive) => {
      await archive.deleteManifest('archive', many.descriptor.digest);
      await archive.deleteManifest('archive', one.descriptor.digest);
      await archive.commit();
      await expect(archive.getManifest('archive', 'one')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    });
    expect(await pathsIn('x.tar')).toEqual(['oci-layout', 'index.json', 'blobs/']);
  });
});
