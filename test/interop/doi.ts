import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tools } from './peers.ts';
import type { Stage } from './stage.ts';

/** The sources, and the cache of builds, of the Docker Official Images in May 2024. */
const folder = resolve(process.env['STOWAGE_DOI'] ?? join(tools, '../doi'));
const program = join(tools, 'doi-registry.mjs');

/** Why nothing of this can run here; undefined if it can. */
export const lacksDoi: string | undefined = [join(folder, 'sources.json.gz'), program].find(
  (path) => !existsSync(path),
);

interface Index {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

export type Indexes = Readonly<Record<string, Index>>;

interface Source {
  readonly sourceId: string;
  readonly arches: Readonly<
    Record<
      string,
      {
        readonly tags?: readonly string[];
        readonly parents: Readonly<Record<string, { sourceId: string | null; pin: string | null }>>;
      }
    >
  >;
  readonly [field: string]: unknown;
}

export type Sources = Readonly<Record<string, Source>>;

export async function doiData(): Promise<{ sources: Sources; indexes: Indexes }> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(gunzipSync(await readFile(join(folder, `${name}.json.gz`))).toString());
  const { indexes } = (await read('cache-builds')) as { indexes: Indexes };
  return { sources: (await read('sources')) as Sources, indexes };
}

/** What a run that is the first knows: images that are named by digest, and are nobody's builds. */
export function coldIndexes(indexes: Indexes): Indexes {
  return Object.fromEntries(
    Object.entries(indexes).filter(([name]) => name.includes('@') && !name.startsWith('oisupport/')),
  );
}

/** The same sources as they were written in March 2024: with tags once for all architectures, before the entry. */
export function inModelOfMarch2024(sources: Sources): Sources {
  return Object.fromEntries(
    Object.entries(sources).map(([id, { sourceId, reproducibleGitChecksum, entry, arches }]) => [
      id,
      {
        sourceId,
        reproducibleGitChecksum,
        tags: Object.values(arches)[0]?.tags,
        entry,
        arches: Object.fromEntries(
          Object.entries(arches).map(([arch, { tags: _, ...rest }]) => [arch, rest]),
        ),
      },
    ]),
  );
}

/** The same indexes with names as they were written in March 2024: those of Docker Hub began with it. */
export function withNamesInFull(indexes: Indexes): Indexes {
  const text = JSON.stringify(indexes).replace(/"(?=[a-z0-9-]+\/[a-z0-9-]+@sha256:)/g, '"docker.io/');
  return JSON.parse(text) as Indexes;
}

/** What was asked of the registry. */
export interface Asked {
  readonly requests: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
}

/** A stand-in for Docker Hub that has those images. */
export interface DoiRegistry {
  readonly url: string;
  /** Since this was asked last. */
  asked(): Promise<Asked>;
}

export async function doiRegistry(stage: Stage, ...args: readonly string[]): Promise<DoiRegistry> {
  const running = stage.start(process.execPath, [program, ...args]);
  const [line] = await running.line(/^\{"port".*/);
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    async asked() {
      const asked = (await (await fetch(`${url}/_stats`)).json()) as Asked;
      await fetch(`${url}/_reset`, { method: 'POST' });
      return asked;
    },
  };
}

/** Files of a run: sources, and what is known before. */
export async function writeDoi(
  stage: Stage,
  sources: Sources,
  indexes: Indexes,
): Promise<{ sourcesFile: string; cacheFile: string }> {
  const [sourcesFile, cacheFile] = [stage.newFolder('sources.json'), stage.newFolder('cache.json')];
  await writeFile(sourcesFile, JSON.stringify(sources));
  await writeFile(cacheFile, JSON.stringify({ indexes }));
  return { sourcesFile, cacheFile };
}

const ARCH = 'com.docker.official-images.bashbrew.arch';
const NAME = 'org.opencontainers.image.ref.name';
const SUBJECT = 'vnd.docker.reference.digest';
const ARCHES: Readonly<Record<string, string>> = {
  'linux/amd64': 'amd64',
  'linux/arm/v5': 'arm32v5',
  'linux/arm/v6': 'arm32v6',
  'linux/arm/v7': 'arm32v7',
  'linux/arm64/v8': 'arm64v8',
  'linux/386': 'i386',
  'linux/mips64le': 'mips64le',
  'linux/ppc64le': 'ppc64le',
  'linux/riscv64': 'riscv64',
  'linux/s390x': 's390x',
  'windows/amd64': 'windows-amd64',
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The builds.json that is right: by the rules, with none of the code under test. Parents come before their children in
 * these sources, so that one pass is enough.
 */
export async function expectedBuilds(
  sources: Sources,
  indexes: Indexes,
  registry: DoiRegistry,
): Promise<string> {
  const known = new Map<string, Promise<Index | undefined>>();
  const find = (name: string): Promise<Index | undefined> => {
    const there = indexes[name];
    const index = known.get(name) ?? (there === undefined ? ask(registry, name) : Promise.resolve(there));
    known.set(name, index);
    return index;
  };
  const forArch = async (name: string, arch: string): Promise<Index | null> => {
    const index = await find(name);
    const manifests = index?.manifests.filter(({ annotations }) => annotations?.[ARCH] === arch) ?? [];
    return index === undefined || manifests.length === 0 ? null : { ...index, manifests };
  };
  const resolved = new Map<string, Index | null>();
  const builds: Record<string, unknown> = {};
  for (const source of Object.values(sources))
    for (const [arch, { parents }] of Object.entries(source.arches)) {
      const found: [string, Index | null][] = [];
      for (const [from, { sourceId, pin }] of Object.entries(parents)) {
        if (from === 'scratch') continue;
        const name = pin === null ? from : `${from.replace(/:[^/:]+$/, '')}@${pin}`;
        const parent =
          sourceId === null ? await forArch(name, arch) : (resolved.get(`${sourceId} ${arch}`) ?? null);
        found.push([from, parent]);
      }
      if (found.some(([, parent]) => parent === null)) continue;
      const digests = Object.fromEntries(found.map(([from, parent]) => [from, parent?.manifests[0]?.digest]));
      const { sourceId } = source;
      const buildId = sha256(`${JSON.stringify({ sourceId, arch, parents: digests })}\n`);
      const img = `oisupport/staging-${arch}:${buildId}`;
      const index = await forArch(img, arch);
      resolved.set(`${sourceId} ${arch}`, index);
      const resolvedParents = Object.fromEntries(found);
      builds[buildId] = {
        buildId,
        build: { img, resolved: index, sourceId, arch, parents: digests, resolvedParents },
        source: { ...source, arches: { [arch]: source.arches[arch] } },
      };
    }
  return `${JSON.stringify(builds, undefined, '\t')}\n`;
}

/** Looks an image up, and says of each entry where it is, and for which architecture. */
async function ask({ url }: DoiRegistry, name: string): Promise<Index | undefined> {
  const [repository = '', tag = ''] = name.split(':');
  const path = repository.includes('/') ? repository : `library/${repository}`;
  const answer = await fetch(`${url}/v2/${path}/manifests/${tag}`);
  const body = await answer.text();
  if (answer.status !== 200) return undefined;
  const { schemaVersion, mediaType, manifests } = JSON.parse(body) as Index;
  const arches = new Map<string | undefined, string | undefined>();
  const described = manifests.map(({ mediaType: type, digest, size, annotations = {}, platform }) => {
    const own = ARCHES[[platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')];
    const arch = own ?? arches.get(annotations[SUBJECT]);
    arches.set(digest, arch);
    const all = { ...annotations, ...(arch !== undefined && { [ARCH]: arch }), [NAME]: `${name}@${digest}` };
    const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    return { mediaType: type, digest, size, annotations: sorted, platform };
  });
  const annotations = { [NAME]: `${name}@sha256:${sha256(body)}` };
  return { schemaVersion, mediaType, manifests: described, annotations };
}
