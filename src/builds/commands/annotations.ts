import { annotations as keys } from '../../oci/index.ts';
import { tagsOf, type ListedBuild } from '../listed/listed-build.ts';
import type { Recipe } from './recipe.ts';

/**
 * What an image says of itself: where it comes from, when and for what it was made.
 * @param created in seconds since 1970
 * @see https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
 * @throws {Invalid} subject `builds`, with a pointer.
 */
export function annotationsOf(
  build: ListedBuild,
  { commit, gitUrl }: Recipe,
  created: number,
): readonly (readonly [name: string, value: string])[] {
  const { at, arch } = build;
  const base = at.findText('source', 'arches', arch, 'lastStageFrom');
  const baseDigest = base === undefined ? undefined : at.findText('build', 'parents', base);
  const [repository, version] = nameAndVersion(build);
  const all: readonly (readonly [string, string | undefined])[] = [
    ['org.opencontainers.image.source', gitUrl()],
    ['org.opencontainers.image.revision', commit],
    ['org.opencontainers.image.created', timestamp(created)],
    ['org.opencontainers.image.version', version],
    ['org.opencontainers.image.url', hubPage(repository)],
    [keys.bashbrewArch, arch],
    ['org.opencontainers.image.base.name', base],
    ['org.opencontainers.image.base.digest', baseDigest],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function nameAndVersion(build: ListedBuild): readonly [repository: string, version: string] {
  const tag = tagsOf(build).find((name) => name.includes(':'));
  if (tag === undefined)
    throw build.at.wrong('want a tag with a colon', 'source', 'arches', build.arch, 'tags');
  return [tag.slice(0, tag.indexOf(':')), tag.slice(tag.lastIndexOf(':') + 1)];
}

/** Where Docker Hub tells of a repository: `_` has those of the Docker Official Images, `r` those of everybody else. */
function hubPage(repository: string): string {
  return `https://hub.docker.com/${repository.includes('/') ? 'r' : '_'}/${repository}`;
}

function timestamp(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}
