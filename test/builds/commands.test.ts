import { describe, expect, it, test } from 'vitest';
import { commandsFor, needsSbom, needsSignature, type Commands } from '../../src/builds/index.ts';
import type { Json } from '../../src/oci/index.ts';
import { listedBuild, type BuildFixture } from './listed.ts';

const commands = async (fixture: Partial<BuildFixture> = {}): Promise<Commands> =>
  commandsFor(await listedBuild({ id: 'one', ...fixture }), 1_700_000_000.9);

const parent = (reference: string): Json => ({
  manifests: [{ annotations: { 'org.opencontainers.image.ref.name': reference } }],
});

test('BuildKit', async () => {
  const { pull, build, push } = await commands({
    tags: ['example:1.2', 'example:latest'],
    archTags: ['amd64/example:1.2'],
    lastStageFrom: 'alpine:3',
    parents: { 'alpine:3': 'sha256:0' },
    resolvedParents: { 'alpine:3': parent('docker.io/library/alpine@sha256:0') },
  });
  expect(pull).toBe('');
  expect(build).toBe(String.raw`docker buildx build --progress=plain \
	--provenance=mode=max,builder-id='https://github.com/docker-library' \
	--output '"type=oci","dest=temp.tar"' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.source=https://github.com/example/images.git#c0ffee:one' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.revision=c0ffee' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.created=2023-11-14T22:13:20Z' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.version=1.2' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.url=https://hub.docker.com/_/example' \
	--annotation 'manifest,manifest-descriptor:com.docker.official-images.bashbrew.arch=amd64' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.base.name=alpine:3' \
	--annotation 'manifest,manifest-descriptor:org.opencontainers.image.base.digest=sha256:0' \
	--tag 'example:1.2' \
	--tag 'example:latest' \
	--tag 'amd64/example:1.2' \
	--tag 'staging/amd64:one' \
	--platform 'linux/amd64' \
	--build-context 'alpine:3=docker-image://alpine@sha256:0' \
	--build-arg BUILDKIT_SYNTAX="$BASHBREW_BUILDKIT_SYNTAX" \
	--build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all \
	--file 'Dockerfile' \
	'https://github.com/example/images.git#c0ffee:one'
mkdir temp
tar -xvf temp.tar -C temp
rm temp.tar
jq '
	.manifests |= (
		unique_by([ .digest, .size, .mediaType ])
		| if length != 1 then
			error("unexpected number of manifests: \(length)")
		else . end
	)
' temp/index.json > temp/index.json.new
mv temp/index.json.new temp/index.json`);
  expect(push).toBe("crane push temp 'staging/amd64:one'\nrm -rf temp");
});

test('Docker as it was before: for Windows, unless something else is asked for', async () => {
  const { pull, build, push } = await commands({
    arch: 'windows-amd64',
    tags: ["it's:1"],
    archTags: [],
    resolvedParents: {
      'nano:1': parent('mcr.microsoft.com/windows/nano@sha256:0'),
      'mine:1': parent('library/mine'),
    },
  });
  expect(pull).toBe(
    [
      "docker pull 'mcr.microsoft.com/windows/nano@sha256:0'",
      "docker tag 'mcr.microsoft.com/windows/nano@sha256:0' 'nano:1'",
      "docker pull 'mine'",
      "docker tag 'mine' 'mine:1'",
    ].join('\n'),
  );
  expect(build).toBe(
    [
      'DOCKER_BUILDKIT=0',
      'docker build',
      String.raw`--tag 'it'\''s:1'`,
      "--tag 'staging/windows-amd64:one'",
      "--platform 'linux/windows-amd64'",
      "--file 'Dockerfile'",
      "'https://github.com/example/images.git#c0ffee:one'",
    ].join(' \\\n\t'),
  );
  expect(push).toBe("docker push 'staging/windows-amd64:one'");
  const asked = await commands({ arch: 'windows-amd64', entry: { Builder: 'buildkit' } });
  expect(asked.build).toMatch(/^docker buildx build/);
});

test('images that are taken over from git, with all that is known of them in the command', async () => {
  const { pull, build, push } = await commands({ entry: { Builder: 'oci-import', GitRepo: "it's" } });
  expect(pull).toBe('');
  expect(build).toMatch(/^build='\{"buildId":"one","build":\{.*"GitRepo":"it'\\''s".*\}'\n/);
  expect(build.split('\n').slice(1)).toEqual([
    '"$BASHBREW_META_SCRIPTS/helpers/oci-import.sh" <<<"$build" temp',
  ]);
  expect(push).toBe("crane push temp 'staging/amd64:one'\nrm -rf temp");
});

describe('bills of materials', () => {
  it.each([
    ['a repository that is known to be scanned well', { tags: ['other:1', 'alpine:1'] }, true],
    ['another', { tags: ['docker:1'] }, false],
    ['one that only begins like it', { tags: ['alpine/x:1'] }, false],
    ['a machine on which the scanner does not run', { tags: ['alpine:1'], arch: 'mips64le' }, false],
  ])('%s', async (_, fixture, wanted) => {
    expect(needsSbom(await listedBuild({ id: 'one', ...fixture }))).toBe(wanted);
  });

  test('are made by BuildKit, or by a script', async () => {
    const buildkit = await commands({ tags: ['alpine:1'] });
    expect(buildkit.build).toContain('\t--sbom=generator="$BASHBREW_BUILDKIT_SBOM_GENERATOR" \\\n\t--output');
    const imported = await commands({ tags: ['alpine:1'], entry: { Builder: 'oci-import' } });
    expect(imported.build.split('\n').slice(2)).toEqual([
      '# SBOM',
      'mv temp temp.orig',
      '"$BASHBREW_META_SCRIPTS/helpers/oci-sbom.sh" <<<"$build" temp.orig temp',
      'rm -rf temp.orig',
    ]);
  });
});

test('notary is signed, where it is built for amd64', async () => {
  const signed = async (fixture: Partial<BuildFixture>): Promise<boolean> =>
    needsSignature(await listedBuild({ id: 'one', ...fixture }));
  expect(await signed({ tags: ['notary:1'] })).toBe(true);
  expect(await signed({ tags: ['notary:1'], arch: 'arm64v8' })).toBe(false);
  expect(await signed({ tags: ['example:1'] })).toBe(false);
});

test('what is not known is not said', async () => {
  const { build } = await commands();
  expect(build).not.toContain('base.name');
  expect(await commands({ lastStageFrom: 'scratch' })).toMatchObject({
    build: expect.not.stringContaining('base.digest') as string,
  });
});

test('of other namespaces, Docker Hub has its pages elsewhere', async () => {
  expect((await commands({ tags: ['me/example:1'] })).build).toContain(
    'url=https://hub.docker.com/r/me/example',
  );
});

it.each([
  ['https://github.com/a/b', 'https://github.com/a/b.git#'],
  ['http://github.com/a/b', 'http://github.com/a/b.git#'],
  ['https://git.example.com/b.git', 'https://git.example.com/b.git#'],
])('%s is built from %s', async (GitRepo, url) => {
  expect((await commands({ entry: { GitRepo } })).build).toContain(`\t'${url}c0ffee:one'`);
});

test('a source of one entry, as it was until 2024', async () => {
  expect((await commands({ old: true, entry: { File: 'Other' } })).build).toContain("--file 'Other'");
});

it.each([
  [
    'a builder that nobody knows',
    { entry: { Builder: 'kaniko' } },
    '/one/source/entries/0/Builder: not a builder: kaniko',
  ],
  [
    'a URL that BuildKit takes for a page',
    { entry: { GitRepo: 'https://example.com/a' } },
    '/one/source/entries/0/GitRepo: BuildKit knows no git repository by it',
  ],
  [
    'a parent that is nowhere',
    { resolvedParents: { 'a:1': {} } },
    '/one/build/resolvedParents/a:1/annotations/org.opencontainers.image.ref.name: it does not say where it is',
  ],
  ['no commit', { entry: { GitCommit: null } }, '/one/source/entries/0/GitCommit: want a text'],
  ['no tag', { tags: [] }, '/one/source/arches/amd64/tags: want a tag'],
  ['a tag that is none', { tags: ['x'] }, '/one/source/arches/amd64/tags: want a tag with a colon'],
])('refuses %s', async (_, fixture, message) => {
  await expect(commands(fixture as Partial<BuildFixture>)).rejects.toThrow(message);
});
