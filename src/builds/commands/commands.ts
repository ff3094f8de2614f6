import type { ListedBuild } from '../listed/listed-build.ts';
import { buildWithBuildkit, buildWithDocker, importImage } from './build-command.ts';
import { parentsOf, recipeOf, type Recipe } from './recipe.ts';
import { quoted, script } from './shell.ts';

/** The commands that make an image, for Bash with `set -Eeuo pipefail`; each may have several lines, or none. */
export interface Commands {
  /** Gets what the build rests on, where the builder does not do so itself. */
  readonly pull: string;
  readonly build: string;
  /** Brings the image to where it is looked for. Needs `docker`, or `crane`, and a login. */
  readonly push: string;
}

/**
 * The commands for a build, equal to those of meta-scripts.
 * @param created the time that the image is to carry, in seconds since 1970
 * @throws {Invalid} subject `builds`, with a pointer, for a build that lacks what they need.
 * @see https://github.com/docker-library/meta-scripts/blob/main/meta.jq
 */
export function commandsFor(build: ListedBuild, created: number): Commands {
  const recipe = recipeOf(build);
  return {
    pull: pullCommand(build, recipe),
    build: buildCommand(build, recipe, created),
    push: pushCommand(build, recipe),
  };
}

// BuildKit pulls while it builds, and what is taken over rests on nothing.
function pullCommand(build: ListedBuild, { builder }: Recipe): string {
  if (builder !== 'classic') return '';
  const pulls = parentsOf(build).flatMap(({ name, reference }) => [
    `docker pull ${quoted(reference)}`,
    `docker tag ${quoted(reference)} ${quoted(name)}`,
  ]);
  return script(...pulls);
}

function buildCommand(build: ListedBuild, recipe: Recipe, created: number): string {
  switch (recipe.builder) {
    case 'buildkit':
      return buildWithBuildkit(build, recipe, created);
    case 'classic':
      return buildWithDocker(build, recipe);
    case 'oci-import':
      return importImage(build);
  }
}

function pushCommand({ at }: ListedBuild, { builder }: Recipe): string {
  const image = quoted(at.text('build', 'img'));
  return builder === 'classic' ? `docker push ${image}` : script(`crane push temp ${image}`, 'rm -rf temp');
}
