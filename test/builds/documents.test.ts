import { expect, it, test } from 'vitest';
import { deployDocuments, deployedBefore, readBuilds, type DeployOptions } from '../../src/builds/index.ts';
import { formatJson, parseOrdered } from '../../src/json/index.ts';
import { all, buildsJson, listed, manifest, plain, sha, type BuildFixture } from './listed.ts';

/** The tags of each document with its images, both as lists in text. */
async function published(fixtures: readonly BuildFixture[], options?: DeployOptions): Promise<string[]> {
  const documents = await all(deployDocuments(listed(...fixtures), options));
  return documents.map((document) => {
    const { refs, lookup } = plain(document) as { refs: string[]; lookup: Record<string, string> };
    return `${refs.join(' ')} = ${Object.values(lookup).join(' ')}`;
  });
}

const amd: BuildFixture = { id: 'a-amd', tags: ['a:1', 'a:latest'], images: ['amd'] };
const arm: BuildFixture = { id: 'a-arm', arch: 'arm64v8', tags: ['a:1', 'a:latest'], images: ['arm'] };

test('an index for all tags that want the same images, and where the images are', async () => {
  const [shared, ...others] = await all(deployDocuments(listed(arm, amd)));
  expect(plain(shared ?? null, 'amd', 'arm')).toEqual({
    type: 'manifest',
    refs: ['a:1', 'a:latest'],
    lookup: { amd: 'staging/amd64:amd', arm: 'staging/arm64v8:arm' },
    data: {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: 'amd',
          size: 100,
          platform: { os: 'linux', architecture: 'amd64' },
          annotations: { 'com.docker.official-images.bashbrew.arch': 'amd64' },
        },
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: 'arm',
          size: 100,
          platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          annotations: { 'com.docker.official-images.bashbrew.arch': 'arm64v8' },
        },
      ],
    },
  });
  expect(others.map((each) => (plain(each) as { refs: string[] }).refs)).toEqual([
    ['arm64v8/a:1', 'arm64v8/a:latest'],
    ['amd64/a:1', 'amd64/a:latest'],
  ]);
});

test('with an architecture, only the tags of its own namespace', async () => {
  expect(await published([arm, amd], { arch: 'amd64' })).toEqual([
    'amd64/a:1 amd64/a:latest = staging/amd64:amd',
  ]);
});

test('what is not built is left out; its tags stay with what the others have', async () => {
  expect(await published([amd, { ...arm, images: null }])).toEqual([
    'a:1 a:latest amd64/a:1 amd64/a:latest = staging/amd64:amd',
  ]);
});

test('tags that differ in one build differ in their index; tags that look like numbers keep their order', async () => {
  const tags = { ...amd, tags: ['b', '10', '9'], archTags: [] };
  expect(await published([tags, { ...arm, tags: ['9'], archTags: [] }])).toEqual([
    'b 10 = staging/amd64:amd',
    '9 = staging/amd64:amd staging/arm64v8:arm',
  ]);
});

test('a Docker list where the first image is of Docker’s type', async () => {
  const docker = { mediaType: 'application/vnd.docker.distribution.manifest.v2+json' };
  const [document] = await all(
    deployDocuments(listed({ id: 'a', images: [], manifests: [manifest('old', 'amd64', docker)] })),
  );
  expect(plain(document ?? null)).toMatchObject({
    data: { mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json' },
  });
});

test('builds of the same image are one index; what is said of the image is what the first says', async () => {
  const twin: BuildFixture = { id: 'twin', images: [], manifests: [manifest('amd', 'amd64', { size: 7 })] };
  expect(await published([amd, { ...twin, archTags: [] }])).toEqual([
    'a:1 a:latest amd64/a:1 amd64/a:latest twin:1 = staging/amd64:amd',
  ]);
  const [document] = await all(deployDocuments(listed(amd, twin)));
  expect(plain(document ?? null)).toMatchObject({ data: { manifests: [{ size: 100 }] } });
});

test('images of another architecture are not published with a build', async () => {
  expect(await published([{ ...amd, archTags: [], manifests: [manifest('arm', 'arm64v8')] }])).toEqual([
    'a:1 a:latest = staging/amd64:amd',
  ]);
});

test('tags at the source, as they stood until May 2024', async () => {
  expect(await published([{ ...amd, old: true }])).toEqual([
    'a:1 a:latest amd64/a:1 amd64/a:latest = staging/amd64:amd',
  ]);
});

it.each([
  [
    'no image of its own',
    { ...amd, images: [], manifests: [manifest('arm', 'arm64v8')] },
    '/a-amd/build/resolved/manifests: there is no image for amd64',
  ],
  [
    'an image that does not say where it is',
    {
      ...amd,
      manifests: [
        manifest('x', 'amd64', { annotations: { 'com.docker.official-images.bashbrew.arch': 'amd64' } }),
      ],
    },
    '/a-amd/build/resolved/manifests/1/annotations/org.opencontainers.image.ref.name: want a text',
  ],
  [
    'a platform that is none',
    { ...amd, manifests: [manifest('x', 'amd64', { platform: 1 })] },
    '/a-amd/build/resolved/manifests/1/platform: want an object',
  ],
] as const)('refuses a build with %s, before anything is published', async (_, fixture, message) => {
  await expect(deployDocuments(listed(arm, fixture)).next()).rejects.toThrow(message);
});

it.each([
  ['/a-amd: not valid JSON', (text: string) => text.replace('"a:1"', 'a:1')],
  [
    '/a-amd/buildId: is not the name under which the build stands',
    (text: string) => text.replace('"buildId": "a-amd"', '"buildId": "b"'),
  ],
  ['/a-amd/build/arch: want a text', (text: string) => text.replace('"arch": "amd64"', '"arch": 1')],
  [
    '/a-amd/source/arches/amd64: want an object',
    (text: string) => text.replace('"amd64": {', '"arm64v8": {'),
  ],
  [
    '/a-amd/build/resolved: want an object',
    (text: string) => text.replace(/"resolved": \{/, '"resolved": [], "x": {'),
  ],
  ['/a-amd/source/arches/amd64/tags/0: want a text', (text: string) => text.replace('"a:1"', '1')],
])('refuses builds.json: %s', async (message, spoil) => {
  await expect(all(deployDocuments(readBuilds(spoil(buildsJson(amd)))))).rejects.toThrow(message);
});

test('what was deployed before is known again, in whatever order its fields stand', async () => {
  const past = await deployedBefore([parseOrdered('{"a":1,"b":[1,{"c":null,"d":2.0}]}')]);
  expect(past(parseOrdered('{"b":[1,{"d":2,"c":null}],"a":1}'))).toBe(true);
  expect(past(parseOrdered('{"b":[{"d":2,"c":null},1],"a":1}'))).toBe(false);
  expect(past(parseOrdered('{"a":1,"b":[1,{"c":null,"d":"2"}]}'))).toBe(false);
});

test('the index itself does not say where its images were built', async () => {
  const [document] = await all(deployDocuments(listed(amd)));
  expect(formatJson(document ?? null)).not.toContain('org.opencontainers.image.ref.name');
  expect(plain(document ?? null)).toMatchObject({ lookup: { [sha('amd')]: 'staging/amd64:amd' } });
});
