import { mediaTypes } from '../../oci/index.ts';
import { isNotFound } from '../error.ts';
import { cases, type ContractCase } from './case.ts';
import { absent, pushImage, pushIndex } from './content.ts';
import { all, refused, same } from './expect.ts';

export const listCases: readonly ContractCase[] = cases('lists', {
  'repositories in order, and from a name on': async (registry) => {
    for (const name of ['b', 'a/x', 'a', 'c/d/e']) await pushImage(registry, name);
    same(await all(registry.repositories()), ['a', 'a/x', 'b', 'c/d/e'], 'all');
    same(await all(registry.repositories({ after: 'a/x' })), ['b', 'c/d/e'], 'after one');
    same(await all(registry.repositories({ after: 'a/zzz' })), ['b', 'c/d/e'], 'after one that is not there');
    same(await all(registry.repositories({ after: 'z' })), [], 'after all');
  },
  'no repositories': async (registry) => {
    same(await all(registry.repositories()), [], 'all');
  },
  'tags in order, and from a name on': async (registry) => {
    const names = ['v2', 'latest', 'v10', 'V1', '_x', 'v1.0'];
    const { bytes, descriptor } = await pushImage(registry, 'a/b');
    await registry.pushManifest('a/b', bytes, { mediaType: descriptor.mediaType, tags: names });
    same(await all(registry.tags('a/b')), [...names].sort(), 'all');
    same(await all(registry.tags('a/b', { after: 'latest' })), ['v1.0', 'v10', 'v2'], 'after one');
    same(
      await all(registry.tags('a/b', { after: 'm' })),
      ['v1.0', 'v10', 'v2'],
      'after one that is not there',
    );
    same(await all(registry.tags('a/b', { pageSize: 2 })), [...names].sort(), 'in small pages');
    const some: string[] = [];
    for await (const tag of registry.tags('a/b', { pageSize: 2 })) if (some.push(tag) === 3) break;
    same(some, [...names].sort().slice(0, 3), 'as far as wanted');
  },
  'a repository without tags, and none': async (registry) => {
    await pushImage(registry, 'a/b');
    same(await all(registry.tags('a/b')), [], 'tags');
    await refused(all(registry.tags('no/such')), isNotFound, 'a repository that is not there');
  },
  'referrers with their types and annotations': async (registry) => {
    const image = await pushImage(registry, 'a/b', { tags: ['v1'] });
    const annotations = { 'org.example.key': 'value', empty: '' };
    const sbom = await pushImage(registry, 'a/b', {
      layers: ['sbom'],
      subject: image.descriptor,
      artifactType: 'application/vnd.example.sbom',
      annotations,
    });
    const signature = await pushImage(registry, 'a/b', {
      layers: ['signature'],
      subject: image.descriptor,
      configType: 'application/vnd.example.signature',
    });
    const expected = [
      { ...sbom.descriptor, artifactType: 'application/vnd.example.sbom', annotations },
      { ...signature.descriptor, artifactType: 'application/vnd.example.signature' },
    ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const found = await all(registry.referrers('a/b', image.descriptor.digest));
    same(
      found.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      expected,
      'all',
    );
    const artifactType = 'application/vnd.example.sbom';
    same(
      (await all(registry.referrers('a/b', image.descriptor.digest, { artifactType }))).map(
        ({ digest }) => digest,
      ),
      [sbom.descriptor.digest],
      'of one type',
    );
    await registry.deleteManifest('a/b', sbom.descriptor.digest);
    same(
      (await all(registry.referrers('a/b', image.descriptor.digest))).map(({ digest }) => digest),
      [signature.descriptor.digest],
      'after a delete',
    );
  },
  'a subject need not be there, and a push says that it was noted': async (registry) => {
    const { bytes, descriptor } = await pushImage(registry, 'a/b');
    const subject = { mediaType: mediaTypes.ociManifest, digest: absent, size: 7 };
    const referrer = await pushImage(registry, 'a/b', { layers: ['r'], subject });
    same(
      (await all(registry.referrers('a/b', absent))).map(({ digest }) => digest),
      [referrer.descriptor.digest],
      'referrers',
    );
    const again = await registry.pushManifest('a/b', referrer.bytes, { mediaType: mediaTypes.ociManifest });
    same(again.subject, absent, 'subject');
    same(
      (await registry.pushManifest('a/b', bytes, { mediaType: descriptor.mediaType })).subject,
      undefined,
      'without one',
    );
  },
  'no referrers': async (registry) => {
    const image = await pushImage(registry, 'a/b');
    await pushIndex(registry, 'a/b', [image.descriptor]);
    same(
      await all(registry.referrers('a/b', image.descriptor.digest)),
      [],
      'a child of an index is no referrer',
    );
    same(await all(registry.referrers('a/b', absent)), [], 'of what is not there');
    same(await all(registry.referrers('no/such', absent)), [], 'in a repository that is not there');
  },
});
