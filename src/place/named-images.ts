import { formatReference, parseDockerName, parseReference, type FullReference } from '../oci/index.ts';
import {
  intercept,
  type AnyResult,
  type ListOptions,
  type Operation,
  type Options,
  type PushedManifest,
  type Registry,
} from '../registry/index.ts';

/** A place with an `index.json`: a layout folder, or an archive. */
export type NamedRegistry = Registry & { readonly names?: unknown };

/**
 * The repository that has all images of a place with an `index.json`, by their tags: such a place has no name of its own.
 */
export const OWN_REPOSITORY = 'layout';

/** The same, for who asks for no image in particular: whatever tag is asked for means the only image there is. */
export const ONLY_IMAGE = 'layout';

/**
 * The repository that has the images of a full name's repository, and its tag: `docker.io/library/alpine` and `3.20`.
 * Two underscores stand for the colon before a port, which no repository can have.
 * @param name with a tag
 */
export function repositoryOfName(name: string): { readonly repository: string; readonly tag: string } {
  const { host, repository, tag = 'latest' } = parseDockerName(name);
  return { repository: `${host.replace(/:(?=\d+$)/, '__')}/${repository}`, tag };
}

/**
 * Shows the images of a layout or an archive as repositories: those with a full name under it
 * (`docker.io/library/alpine`, and the short forms of it), and all of them under `layout`. What is pushed there gets
 * that name, as other tools write it. Blobs are everywhere the same.
 */
export function namedImages(registry: NamedRegistry): Registry {
  return intercept(registry, (operation, next): AnyResult => next(operation));
}
