import { createHash } from 'node:crypto';
import {
  createBuilds,
  formatBuilds,
  parseIndexCache,
  parseSources,
  parseStaging,
  type BuildsOptions,
  type IndexCache,
  type Ledger,
  planBuilds,
} from '../../src/builds/index.ts';
import { mediaTypes, parseDigest, type Descriptor, type Digest } from '../../src/oci/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { intercept, type Operation, type Registry, type RegistryError } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

/** What a build starts from, as a source says it. */
export interface ParentFixture {
  readonly sourceId?: string | null;
  readonly pin?: string | null;
}

/** The parents of each architecture. */
export type SourceFixture = Readonly<Record<string, Readonly<Record<string, ParentFixture>>>>;

/** A sources.json: of each source the parents, by architecture. */
export function sourcesJson(sources: Readonly<Record<string, SourceFixture>>): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(sources).map(([sourceId, arches]) => [
        sourceId,
        {
          sourceId,
          entry: { Directory: '.' },
          arches: Object.fromEntries(
            Object.entries(arches).map(([arch, parents]) => [arch, { tags: [`${sourceId}:1`], parents }]),
          ),
        },
      ]),
    ),
    undefined,
    2,
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A digest that means something to whoever reads a test. */
export const digest = (name: string): Digest => parseDigest(`sha256:${sha256(name)}`);

/** The id of a build, computed without the code under test. */
export const idOf = (sourceId: string, arch: string, parents: Readonly<Record<string, string>>): string =>
  sha256(`${JSON.stringify({ sourceId, arch, parents })}\n`);

const PLATFORMS: Readonly<Record<string, Descriptor['platform']>> = {
  amd64: { architecture: 'amd64', os: 'linux' },
  arm64v8: { architecture: 'arm64', os: 'linux', variant: 'v8' },
  s390x: { architecture: 's390x', os: 'linux' },
};

/** An entry for an architecture, which is `name`. */
export const entry = (arch: string, name: string): Descriptor => ({
  mediaType: mediaTypes.ociManifest,
  digest: digest(name),
  size: 1024,
  platform: PLATFORMS[arch] ?? { architecture: arch, os: 'linux' },
});

/** Registries in memory, and what is asked of them. */
export interface World {
  readonly registryOf: (host: string) => Registry;
  /** `GET repository:tag`, `TAGS repository after tag`: in the order in which they came. */
  readonly requests: string[];
  /** Puts an index with images for some architectures at a reference of Docker Hub. @returns its digest */
  put(repository: string, tag: string, images: Readonly<Record<string, string>>): Promise<Digest>;
  /** The same with entries as they are. */
  putEntries(repository: string, tag: string, manifests: readonly Descriptor[]): Promise<Digest>;
  /** The same registries as another process sees them, which tell of its own requests alone. */
  apart(): World;
  /** From now on, requests that it names fail. */
  refuse(matches: (request: string) => RegistryError | undefined): void;
}

/** @param pageSize how many tags a page has */
export function createWorld(pageSize = 1000, store: Registry = memoryRegistry({ sparse: true })): World {
  const requests: string[] = [];
  let refuse: (request: string) => RegistryError | undefined = () => undefined;
  const ask = (request: string): void => {
    requests.push(request);
    const error = refuse(request);
    if (error !== undefined) throw error;
  };
  const registry = intercept(store, (operation, next) => {
    if (operation.name === 'tags') return pagesOf(operation);
    if (operation.name === 'getManifest' || operation.name === 'getBlob')
      return (async () => {
        ask(`GET ${operation.repository}${nameOf(operation)}`);
        return next(operation);
      })();
    return next(operation);
  });
  async function* pagesOf({
    repository,
    options,
  }: Extract<Operation, { name: 'tags' }>): AsyncGenerator<string> {
    let { after } = options;
    for (let more = true; more;) {
      ask(`TAGS ${repository}${after === undefined ? '' : ` after ${after}`}`);
      let count = 0;
      more = false;
      for await (const tag of store.tags(repository, after === undefined ? {} : { after })) {
        if (count++ === pageSize) {
          more = true;
          break;
        }
        yield (after = tag);
      }
      if (more && options.goOn?.() === false) return;
    }
  }
  const world: World = {
    registryOf: () => registry,
    requests,
    put: (repository, tag, images) =>
      world.putEntries(
        repository,
        tag,
        Object.entries(images).map(([arch, name]) => entry(arch, name)),
      ),
    async putEntries(repository, tag, manifests) {
      const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
      const bytes = Buffer.from(JSON.stringify(document));
      const { descriptor } = await store.pushManifest(repository, bytes, {
        mediaType: mediaTypes.ociIndex,
        tags: [tag],
      });
      return descriptor.digest;
    },
    apart: () => createWorld(pageSize, store),
    refuse: (matches) => void (refuse = matches),
  };
  return world;
}

function nameOf(operation: Extract<Operation, { name: 'getManifest' | 'getBlob' }>): string {
  const name = operation.name === 'getBlob' ? operation.digest : operation.reference;
  return name.includes(':') ? `@${name}` : `:${name}`;
}

/** What came of a run. */
export interface Ran {
  readonly text: string;
  /** By the names of their sources and architectures: `source arch`. */
  readonly builds: Readonly<Record<string, BuildJson>>;
  /** Requests that were made in it. */
  readonly requests: readonly string[];
  /** What `planBuilds` says, without asking anything. */
  readonly beforehand: Plan;
  readonly plans: readonly { readonly plan: Plan; readonly when: string }[];
}

/** As much of a build as tests look at. */
export interface BuildJson {
  readonly buildId: string;
  readonly build: {
    readonly img: string;
    readonly resolved: { readonly manifests: readonly Descriptor[] } | null;
    readonly sourceId: string;
    readonly arch: string;
    readonly parents: Readonly<Record<string, string>>;
    readonly resolvedParents: Readonly<Record<string, unknown>>;
  };
}

export interface RunOptions extends Partial<Omit<BuildsOptions, 'sources' | 'staging' | 'cache'>> {
  readonly cache?: IndexCache;
  readonly staging?: string;
}

/** Finds the builds of a sources.json. */
export async function run(world: World, sources: string, options: RunOptions = {}): Promise<Ran> {
  const { staging = 'staging/ARCH:BUILD', ...rest } = options;
  const before = world.requests.length;
  const plans: { plan: Plan; when: string }[] = [];
  let text = '';
  const all: BuildsOptions = {
    registryOf: world.registryOf,
    onPlan: (plan, when) => plans.push({ plan, when }),
    ...rest,
    sources: await parseSources(sources),
    staging: parseStaging(staging),
  };
  const beforehand = planBuilds(all);
  const builds = createBuilds(all);
  for await (const piece of formatBuilds(builds)) text += piece;
  const parsed = JSON.parse(text) as Record<string, BuildJson>;
  return {
    text,
    builds: Object.fromEntries(
      Object.values(parsed).map((build) => [`${build.build.sourceId} ${build.build.arch}`, build]),
    ),
    requests: world.requests.slice(before),
    beforehand,
    plans,
  };
}

/** A cache that knows nothing. */
export const emptyCache = (): Promise<IndexCache> => parseIndexCache();

/** A ledger within one process. */
export function memoryLedger(): Ledger {
  const found = new Map<string, Promise<string>>();
  let taken = 0;
  return {
    once(key, find) {
      const known = found.get(key) ?? find();
      found.set(key, known);
      return known;
    },
    async next(count) {
      const first = taken;
      taken += count;
      return first;
    },
  };
}
