import { annotations as keys, printable } from '../../oci/index.ts';
import type { ListedBuild } from '../listed/listed-build.ts';
import type { Path } from '../../json/index.ts';

/** What builds an image: BuildKit, Docker as it was before, or nothing, where an image is only taken over. */
export type Builder = 'buildkit' | 'classic' | 'oci-import';

/** From what an image is built. */
export interface Recipe {
  readonly builder: Builder;
  /** The name of the Dockerfile in its folder. */
  readonly file: string;
  readonly commit: string;
  /** As `docker build` takes it: repository, commit and folder. @throws {Invalid} when it is not to be had from git. */
  readonly gitUrl: () => string;
}

/** @throws {Invalid} subject `builds`, with a pointer. */
export function recipeOf({ at, arch }: ListedBuild): Recipe {
  // Until July 2024 a source had one entry.
  const entry: Path =
    at.find('source', 'entry') === undefined ? ['source', 'entries', 0] : ['source', 'entry'];
  const commit = at.text(...entry, 'GitCommit');
  return {
    builder: builder(),
    file: at.text(...entry, 'File'),
    commit,
    gitUrl: () => `${repository()}#${commit}:${at.text(...entry, 'Directory')}`,
  };

  function builder(): Builder {
    const name = at.text(...entry, 'Builder');
    switch (name) {
      case 'buildkit':
      case 'classic':
      case 'oci-import':
        return name;
      case '':
        // BuildKit makes no images for Windows: https://github.com/microsoft/Windows-Containers/issues/34
        return arch.startsWith('windows-') ? 'classic' : 'buildkit';
      default:
        throw at.wrong(`not a builder: ${printable(name)}`, ...entry, 'Builder');
    }
  }

  function repository(): string {
    const url = at.text(...entry, 'GitRepo');
    if (url.endsWith('.git')) return url;
    // Without that ending, BuildKit takes the URL for a page, and the page for a Dockerfile:
    // https://github.com/docker/cli/issues/1738. GitHub serves the repository under both.
    if (/^https?:\/\/github\.com\//.test(url)) return `${url}.git`;
    throw at.wrong(
      `BuildKit knows no git repository by it, as it does not end in .git: ${printable(url)}`,
      ...entry,
      'GitRepo',
    );
  }
}

/** An image that a build rests on. */
export interface ParentImage {
  /** The name by which the Dockerfile knows it. */
  readonly name: string;
  /** Where it is, with its digest, as docker takes it. */
  readonly reference: string;
}

/** @throws {Invalid} subject `builds`, for a parent that does not say where it is. */
export function parentsOf({ at }: ListedBuild): readonly ParentImage[] {
  return [...at.object('build', 'resolvedParents').keys()].map((name) => {
    const parent: Path = ['build', 'resolvedParents', name];
    const reference =
      at.findText(...parent, 'manifests', 0, 'annotations', keys.refName) ??
      at.findText(...parent, 'annotations', keys.refName);
    if (reference === undefined)
      throw at.wrong('it does not say where it is', ...parent, 'annotations', keys.refName);
    return { name, reference: reference.replace(/^docker\.io\//, '').replace(/^library\//, '') };
  });
}
