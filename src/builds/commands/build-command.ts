import { formatJson } from '../../json/index.ts';
import { archTagsOf, tagsOf, type ListedBuild } from '../listed/listed-build.ts';
import { annotationsOf } from './annotations.ts';
import { parentsOf, type Recipe } from './recipe.ts';
import { needsSbom } from './rules.ts';
import { onLines, quoted, script } from './shell.ts';

/** Who is said to have built it. @see https://slsa.dev/provenance/v0.2#builder.id */
const BUILDER_ID = 'https://github.com/docker-library';

/**
 * BuildKit lists a manifest once for each tag, and `crane push` wants one. The text is that of meta-scripts: who compares
 * the commands of both must find them equal.
 */
const ONE_MANIFEST = `
	.manifests |= (
		unique_by([ .digest, .size, .mediaType ])
		| if length != 1 then
			error("unexpected number of manifests: \\(length)")
		else . end
	)
`;

/** Builds with `docker buildx`, and leaves the image in the layout `temp`. */
export function buildWithBuildkit(build: ListedBuild, recipe: Recipe, created: number): string {
  return script(
    onLines(
      'docker buildx build --progress=plain',
      `--provenance=mode=max,builder-id=${quoted(BUILDER_ID)}`,
      ...(needsSbom(build) ? ['--sbom=generator="$BASHBREW_BUILDKIT_SBOM_GENERATOR"'] : []),
      `--output ${quoted('"type=oci","dest=temp.tar"')}`,
      ...annotationsOf(build, recipe, created).map(
        ([name, value]) => `--annotation ${quoted(`manifest,manifest-descriptor:${name}=${value}`)}`,
      ),
      ...tagsAndPlatform(build),
      ...parentsOf(build).map(
        ({ name, reference }) => `--build-context ${quoted(`${name}=docker-image://${reference}`)}`,
      ),
      '--build-arg BUILDKIT_SYNTAX="$BASHBREW_BUILDKIT_SYNTAX"',
      // The Dockerfiles are their maintainers' business: no linting.
      '--build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all',
      `--file ${quoted(recipe.file)}`,
      quoted(recipe.gitUrl()),
    ),
    'mkdir temp',
    'tar -xvf temp.tar -C temp',
    'rm temp.tar',
    `jq ${quoted(ONE_MANIFEST)} temp/index.json > temp/index.json.new`,
    'mv temp/index.json.new temp/index.json',
  );
}

/** Builds with Docker's own builder, and leaves the image in its store. */
export function buildWithDocker(build: ListedBuild, recipe: Recipe): string {
  return onLines(
    'DOCKER_BUILDKIT=0',
    'docker build',
    ...tagsAndPlatform(build),
    `--file ${quoted(recipe.file)}`,
    quoted(recipe.gitUrl()),
  );
}

/**
 * Takes an image over from git, and leaves it in the layout `temp`. The scripts that do so are those of meta-scripts,
 * in a checkout to which `BASHBREW_META_SCRIPTS` points.
 */
export function importImage(build: ListedBuild): string {
  const sbom = [
    '# SBOM',
    'mv temp temp.orig',
    '"$BASHBREW_META_SCRIPTS/helpers/oci-sbom.sh" <<<"$build" temp.orig temp',
    'rm -rf temp.orig',
  ];
  return script(
    `build=${quoted(formatJson(build.document, { compact: true }))}`,
    '"$BASHBREW_META_SCRIPTS/helpers/oci-import.sh" <<<"$build" temp',
    ...(needsSbom(build) ? sbom : []),
  );
}

function tagsAndPlatform(build: ListedBuild): readonly string[] {
  const { at, arch } = build;
  const tags = [...tagsOf(build), ...archTagsOf(build), at.text('build', 'img')];
  return [
    ...tags.map((tag) => `--tag ${quoted(tag)}`),
    `--platform ${quoted(at.text('source', 'arches', arch, 'platformString'))}`,
  ];
}
