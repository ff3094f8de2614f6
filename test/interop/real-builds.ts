import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { registryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import { mediaTypes, type Digest, type Platform } from '../../src/oci/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { blobFile } from './images.ts';
import { tools } from './peers.ts';
import type { Stage } from './stage.ts';

/** The sources of the Docker Official Images, as they were one day. */
const SOURCES = resolve('../shared/doi/sources.json.gz');

/** Why there are no real builds here. */
export function lacksBuilds(): string | undefined {
  return existsSync(SOURCES) ? undefined : `there is no ${SOURCES}`;
}

interface Source {
  readonly arches: Readonly<
    Record<
      string,
      {
        readonly tags: readonly string[];
        readonly archTags: readonly string[];
        readonly platform: Platform;
      }
    >
  >;
}

/** What make-image.mjs makes for each of its platforms, in its order. */
const ARCHITECTURES = [
  'amd64',
  'arm64v8',
  'arm32v7',
  'ppc64le',
  's390x',
  'riscv64',
  'i386',
  'arm32v6',
  'arm32v5',
  'mips64le',
] as const;

/**
 * Rebuilds real builds with made-up content, each with its attestation, in staging repositories of a registry.
 * @param host of the registry; the tags of the builds are to be there as well
 * @returns what `builds` would have written of them
 */
export async function rebuild(stage: Stage, host: string, count: number): Promise<string> {
  const sources = JSON.parse(gunzipSync(await readFile(SOURCES)).toString()) as Record<string, Source>;
  const client = registryClient(host);
  stage.onClose(() => client.close());
  const builds: Record<string, object> = {};
  const here = (tags: readonly string[]): readonly string[] =>
    tags.map((tag) => `${host}/${tag.includes('/') ? tag : `library/${tag}`}`);
  for (const [sourceId, { arches }] of Object.entries(sources)) {
    const known = Object.entries(arches).filter(([arch]) => ARCHITECTURES.some((other) => other === arch));
    if (known.length === 0) continue;
    const directory = join(stage.folder, sourceId);
    const layers = 2 + (Number.parseInt(sourceId.slice(0, 2), 16) % 4);
    const flags = ['--platforms', '10', '--layers', String(layers), '--size', '2000', '--seed', sourceId];
    const made = await stage.run(
      process.execPath,
      join(tools, 'make-image.mjs'),
      directory,
      '--attestations',
      ...flags,
    );
    const blob = async (digest: string): Promise<{ readonly manifests: readonly Entry[] }> =>
      JSON.parse((await readFile(blobFile(directory, digest))).toString()) as {
        readonly manifests: readonly Entry[];
      };
    const { manifests } = await blob(made.trim());
    for (const [arch, { tags, archTags }] of known) {
      const at = 2 * ARCHITECTURES.findIndex((other) => other === arch);
      const buildId = `${sourceId.slice(0, 40)}${arch.padStart(24, '0')}`;
      const repository = `oisupport/staging-${arch}`;
      const images = manifests.slice(at, at + 2);
      for (const { digest } of images)
        await copy(
          { registry: singleLayout(directory), repository: 'layout', digest },
          { registry: client, repository, digest },
        );
      const index = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: images.map(({ annotations, ...image }) => ({
          ...image,
          annotations: {
            ...annotations,
            'com.docker.official-images.bashbrew.arch': arch,
            'org.opencontainers.image.ref.name': `${host}/${repository}:${buildId}@${image.digest}`,
          },
        })),
      };
      await client.pushManifest(repository, Buffer.from(JSON.stringify(index)), {
        mediaType: mediaTypes.ociIndex,
        tags: [buildId],
      });
      builds[buildId] = {
        buildId,
        build: { img: `${host}/${repository}:${buildId}`, resolved: index, sourceId, arch, parents: {} },
        source: { sourceId, arches: { [arch]: { tags: here(tags), archTags: here(archTags) } } },
      };
      if (Object.keys(builds).length === count) return JSON.stringify(builds);
    }
  }
  throw new Error(`there are fewer than ${count} builds`);
}

interface Entry {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}
