import { mediaTypes } from '../../oci/index.ts';
import { isNotFound, missingDigests } from '../error.ts';
import { cases, type ContractCase } from './case.ts';
import { absent, bytes, describe, made, pushBlob, pushImage, pushIndex } from './content.ts';
import { all, code, read, refused, same } from './expect.ts';

const invalid = code('MANIFEST_INVALID');

export const manifestCases: readonly ContractCase[] = cases('manifests', {
  'by tag and by digest, the bytes that were pushed': async (registry) => {
    const image = await pushImage(registry, 'a/b', { tags: ['v1'] });
    for (const reference of ['v1', image.descriptor.digest]) {
      const got = await registry.getManifest('a/b', reference);
      same(got.descriptor, image.descriptor, `descriptor by ${reference}`);
      same(await read(got), image.bytes, `bytes by ${reference}`);
      same(await registry.resolveManifest('a/b', reference), image.descriptor, `resolved by ${reference}`);
    }
  },
  'an index of images, and an index of indexes': async (registry) => {
    const one = await pushImage(registry, 'a/b', { layers: ['one'] });
    const two = await pushImage(registry, 'a/b', { layers: ['two'] });
    const index = await pushIndex(registry, 'a/b', [one.descriptor, two.descriptor], ['multi']);
    const outer = await pushIndex(registry, 'a/b', [index.descriptor], ['outer']);
    same(await read(await registry.getManifest('a/b', 'outer')), outer.bytes, 'outer');
    for (const child of [index, one, two]) {
      const got = await registry.getManifest('a/b', child.descriptor.digest);
      same(got.descriptor, child.descriptor, 'child');
      same(await read(got), child.bytes, 'bytes of the child');
    }
    await pushIndex(registry, 'a/b', [], ['empty']);
  },
  'several tags at once, and moving one': async (registry) => {
    const first = await pushImage(registry, 'a/b', { layers: ['first'] });
    const { mediaType } = first.descriptor;
    const pushed = await registry.pushManifest('a/b', first.bytes, {
      mediaType,
      tags: ['v1', 'v1.0', 'latest'],
    });
    same([...pushed.tags].sort(), ['latest', 'v1', 'v1.0'], 'tags');
    const second = await pushImage(registry, 'a/b', { layers: ['second'], tags: ['latest'] });
    same((await registry.resolveManifest('a/b', 'latest')).digest, second.descriptor.digest, 'latest');
    same((await registry.resolveManifest('a/b', 'v1')).digest, first.descriptor.digest, 'v1');
  },
  'a tag of a sha512 digest': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'));
    const image = made({ config, layers: [] }, mediaTypes.ociManifest, 'sha512');
    const { mediaType, digest } = image.descriptor;
    await registry.pushManifest('a/b', image.bytes, { mediaType, digest, tags: ['long'] });
    same((await registry.resolveManifest('a/b', 'long')).digest, digest, 'digest of the tag');
    same(await read(await registry.getManifest('a/b', digest)), image.bytes, 'bytes');
  },
  'what it refers to has to be there': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'));
    const [one, two] = [describe(bytes('missing one')), describe(bytes('missing two'))];
    const image = made({ config, layers: [one, two] }, mediaTypes.ociManifest);
    const options = { mediaType: mediaTypes.ociManifest, tags: ['v1'] };
    await refused(
      registry.pushManifest('a/b', image.bytes, options),
      (error) =>
        code('MANIFEST_BLOB_UNKNOWN')(error) &&
        same([...missingDigests(error)].sort(), [one.digest, two.digest].sort(), 'all of the missing') ===
          undefined,
      'an image',
    );
    await refused(registry.resolveManifest('a/b', 'v1'), isNotFound, 'nothing is tagged');
    const index = made({ manifests: [image.descriptor] }, mediaTypes.ociIndex);
    await refused(
      registry.pushManifest('a/b', index.bytes, { mediaType: mediaTypes.ociIndex }),
      code('MANIFEST_BLOB_UNKNOWN'),
      'an index',
    );
  },
  'a blob is no manifest': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'));
    const image = made({ config, layers: [] }, mediaTypes.ociManifest);
    await pushBlob(registry, 'a/b', image.bytes);
    await refused(registry.getManifest('a/b', image.descriptor.digest), isNotFound, 'get');
    const index = made({ manifests: [image.descriptor] }, mediaTypes.ociIndex);
    await refused(
      registry.pushManifest('a/b', index.bytes, { mediaType: mediaTypes.ociIndex }),
      code('MANIFEST_BLOB_UNKNOWN'),
      'an index of it',
    );
  },
  'what may not be distributed need not be there': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'), mediaTypes.ociConfig);
    const foreign = {
      ...describe(bytes('base'), 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'),
      urls: ['http://127.0.0.1/base'],
    };
    const image = made({ config, layers: [foreign] }, mediaTypes.ociManifest);
    await registry.pushManifest('a/b', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['windows'] });
    same((await registry.resolveManifest('a/b', 'windows')).digest, image.descriptor.digest, 'digest');
  },
  'fields that nobody knows, and types of configs and layers that nobody knows': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'), 'application/vnd.example.config+json');
    const layer = await pushBlob(registry, 'a/b', bytes('cake'), 'application/vnd.example.cake');
    const image = made(
      {
        config: { ...config, extra: [1] },
        layers: [layer],
        artifactType: 'application/vnd.example',
        more: { a: null },
      },
      mediaTypes.ociManifest,
    );
    await registry.pushManifest('a/b', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['odd'] });
    same(await read(await registry.getManifest('a/b', 'odd')), image.bytes, 'bytes');
  },
  'malformed documents are refused': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'));
    const good = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
    const bad: readonly (string | object)[] = [
      '',
      'null',
      '[]',
      '"x"',
      `${JSON.stringify(good)} x`,
      `\uFEFF${JSON.stringify(good)}`,
      { ...good, schemaVersion: 1 },
      { ...good, schemaVersion: '2' },
      { ...good, mediaType: mediaTypes.ociIndex },
      { ...good, manifests: [] },
      { ...good, layers: {} },
      { ...good, config: undefined },
      { ...good, layers: [{ ...config, size: -1 }] },
      { ...good, layers: [{ ...config, size: 1.5 }] },
      { ...good, layers: [{ ...config, size: '12' }] },
      { ...good, layers: [{ ...config, digest: 'sha256:short' }] },
      { ...good, annotations: { a: 1 } },
      { ...good, subject: { digest: config.digest, mediaType: 'a/b' } },
      { ...good, config: { ...config, data: '!!' } },
      JSON.stringify(good).replace('{', '{"mediaType":"x/y",'),
      JSON.stringify(good).replace('{', '{"__proto__":{},'),
    ];
    for (const document of bad) {
      const content = bytes(typeof document === 'string' ? document : JSON.stringify(document));
      await refused(
        registry.pushManifest('a/b', content, { mediaType: mediaTypes.ociManifest, tags: ['bad'] }),
        invalid,
        new TextDecoder().decode(content).slice(0, 120),
      );
    }
    await refused(registry.resolveManifest('a/b', 'bad'), isNotFound, 'nothing is stored');
  },
  'bytes and digest have to agree': async (registry) => {
    const image = await pushImage(registry, 'a/b');
    await refused(
      registry.pushManifest('a/b', image.bytes, { mediaType: mediaTypes.ociManifest, digest: absent }),
      code('DIGEST_INVALID'),
      'another digest',
    );
  },
  'up to 4 MiB, and not more': async (registry) => {
    const config = await pushBlob(registry, 'a/b', bytes('{}'));
    const frame = JSON.stringify({ schemaVersion: 2, config, layers: [], annotations: { fill: '' } });
    const filled = (size: number): Uint8Array =>
      bytes(frame.replace('"fill":""', `"fill":"${'x'.repeat(size - frame.length)}"`));
    const options = { mediaType: mediaTypes.ociManifest, tags: ['large'] };
    await registry.pushManifest('a/b', filled(4 * 1024 * 1024), options);
    same((await (await registry.getManifest('a/b', 'large')).bytes()).length, 4 * 1024 * 1024, 'bytes');
    await refused(
      registry.pushManifest('a/b', filled(4 * 1024 * 1024 + 1), options),
      (error) => error.status === 413,
      'one byte more',
    );
  },
  'what is not there is not found': async (registry) => {
    await pushImage(registry, 'a/b', { tags: ['v1'] });
    for (const [repository, reference] of [
      ['a/b', 'v2'],
      ['a/b', absent],
      ['no/such', 'v1'],
      ['no/such', absent],
    ] as const) {
      await refused(registry.getManifest(repository, reference), isNotFound, 'get');
      await refused(registry.resolveManifest(repository, reference), isNotFound, 'resolve');
      await refused(registry.deleteManifest(repository, reference), isNotFound, 'delete');
    }
    for (const tag of ['', '.x', '-x', 'a b', 'a/b', 'x'.repeat(129)]) {
      await refused(
        registry.getManifest('a/b', tag),
        code('TAG_INVALID'),
        `tag ${JSON.stringify(tag.slice(0, 9))}`,
      );
    }
  },
  'deleting a tag leaves the manifest': async (registry) => {
    const image = await pushImage(registry, 'a/b', { tags: ['v1', 'v2'] });
    await registry.deleteManifest('a/b', 'v1');
    await refused(registry.resolveManifest('a/b', 'v1'), isNotFound, 'v1');
    await registry.deleteManifest('a/b', 'v2');
    same(await all(registry.tags('a/b')), [], 'tags');
    same(await read(await registry.getManifest('a/b', image.descriptor.digest)), image.bytes, 'bytes');
  },
  'deleting a manifest takes its tags along': async (registry) => {
    const image = await pushImage(registry, 'a/b', { layers: ['goes'], tags: ['v1', 'v2'] });
    const other = await pushImage(registry, 'a/b', { layers: ['stays'], tags: ['v3'] });
    await registry.deleteManifest('a/b', image.descriptor.digest);
    for (const reference of ['v1', 'v2', image.descriptor.digest])
      await refused(registry.resolveManifest('a/b', reference), isNotFound, reference);
    same(await all(registry.tags('a/b')), ['v3'], 'tags');
    same((await registry.resolveManifest('a/b', 'v3')).digest, other.descriptor.digest, 'v3');
  },
  'deleting an index leaves its children': async (registry) => {
    const image = await pushImage(registry, 'a/b');
    const index = await pushIndex(registry, 'a/b', [image.descriptor], ['multi']);
    await registry.deleteManifest('a/b', index.descriptor.digest);
    await refused(registry.resolveManifest('a/b', 'multi'), isNotFound, 'the index');
    same(await read(await registry.getManifest('a/b', image.descriptor.digest)), image.bytes, 'the child');
    await registry.deleteManifest('a/b', image.descriptor.digest);
    await refused(registry.resolveManifest('a/b', image.descriptor.digest), isNotFound, 'the child, deleted');
  },
});
