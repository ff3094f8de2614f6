import { readBuilds, type ListedBuild } from '../../src/builds/index.ts';
import { formatJson, parseOrdered, type Ordered } from '../../src/json/index.ts';
import { digestOf, type Digest, type Json } from '../../src/oci/index.ts';

/** A digest by a name that says what it is of. */
export const sha = (name: string): Digest => digestOf(Buffer.from(name));

/** What a fixture of a build may say. What it does not say has nothing to do with the test. */
export interface BuildFixture {
  readonly id: string;
  readonly arch?: string;
  readonly sourceId?: string;
  readonly tags?: readonly string[];
  readonly archTags?: readonly string[];
  /** Names of the images that are there; `null` for a build that is not there yet. Unless told, one. */
  readonly images?: readonly string[] | null;
  /** Other manifests than images of the build's own architecture. */
  readonly manifests?: readonly Json[];
  readonly entry?: Readonly<Record<string, Json>>;
  readonly resolvedParents?: Json;
  readonly parents?: Json;
  readonly lastStageFrom?: string;
  /** As it was until May 2024, tags and the one entry standing at the source. */
  readonly old?: boolean;
}

const PLATFORMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amd64: { architecture: 'amd64', os: 'linux' },
  arm64v8: { architecture: 'arm64', os: 'linux', variant: 'v8' },
  'windows-amd64': { architecture: 'amd64', os: 'windows' },
};

/** A manifest of an index, as builds.json has it: where it is stands in its annotations. */
export function manifest(name: string, arch: string, more: Readonly<Record<string, Json>> = {}): Json {
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: sha(name),
    size: 100,
    annotations: {
      'org.opencontainers.image.ref.name': `staging/${arch}:${name}@${sha(name)}`,
      'com.docker.official-images.bashbrew.arch': arch,
    },
    platform: PLATFORMS[arch] ?? {},
    ...more,
  };
}

/** A build as builds.json lists it. */
function build(fixture: BuildFixture): Json {
  const { id, arch = 'amd64', sourceId = `source of ${id}`, tags = [`${id}:1`] } = fixture;
  const { archTags = tags.map((tag) => `${arch}/${tag}`), images = [`${id} ${arch}`] } = fixture;
  const manifests = [...(images ?? []).map((name) => manifest(name, arch)), ...(fixture.manifests ?? [])];
  const entry = {
    GitRepo: 'https://github.com/example/images.git',
    GitCommit: 'c0ffee',
    Directory: 'one',
    File: 'Dockerfile',
    Builder: '',
    ...fixture.entry,
  };
  return {
    buildId: id,
    build: {
      img: `staging/${arch}:${id}`,
      resolved: images === null ? null : { schemaVersion: 2, manifests },
      sourceId,
      arch,
      parents: fixture.parents ?? {},
      resolvedParents: fixture.resolvedParents ?? {},
    },
    source: {
      sourceId,
      ...(fixture.old ? { tags, entry } : { entries: [entry] }),
      arches: {
        [arch]: {
          ...(!fixture.old && { tags }),
          archTags,
          platformString: arch === 'amd64' ? 'linux/amd64' : `linux/${arch}`,
          ...(fixture.lastStageFrom !== undefined && { lastStageFrom: fixture.lastStageFrom }),
        },
      },
    },
  };
}

/** A builds.json. */
export function buildsJson(...fixtures: readonly BuildFixture[]): string {
  return formatJson(
    new Map(fixtures.map((fixture) => [fixture.id, parseOrdered(JSON.stringify(build(fixture)))])),
  );
}

/** What is read of it. */
export function listed(...fixtures: readonly BuildFixture[]): AsyncIterable<ListedBuild> {
  return readBuilds(buildsJson(...fixtures));
}

/** The one build that a fixture is of. */
export async function listedBuild(fixture: BuildFixture): Promise<ListedBuild> {
  for await (const one of listed(fixture)) return one;
  throw new Error('nothing was listed');
}

/** As other tests have it: names in place of digests, and plain objects, whose order does not count. */
export function plain(value: Ordered, ...names: readonly string[]): unknown {
  let text = formatJson(value);
  for (const name of names) text = text.replaceAll(sha(name), name);
  return JSON.parse(text);
}

/** All that comes. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
