import { formatReference, parseDockerName } from '../oci/index.ts';

/** The repository that has all images of a layout or an archive, by their tags: the place has no name of its own. */
export const OWN_REPOSITORY = 'layout';

/** The same, for who asks for no image in particular: reading any tag means the only image there is. */
export const ONLY_IMAGE = 'layout/only';

/**
 * The repository in which an image with a full name is shown, and its tag: `docker.io/library/alpine` and `3.20`.
 * Two underscores stand for the colon before a port, which no repository can have.
 * @throws {Invalid} subject `reference`.
 */
export function repositoryOfName(name: string): { readonly repository: string; readonly tag: string } {
  const { host, repository, tag = 'latest' } = parseDockerName(name);
  return { repository: `${host.replace(/:(?=\d+$)/, '__')}/${repository}`, tag };
}

/**
 * The full name of what stands in a repository under a tag: the way back.
 * @throws {Invalid} subject `reference`, for a repository that shows no image.
 */
export function nameInRepository(repository: string, tag: string): string {
  const [first = '', ...rest] = repository.split('/');
  const { host, repository: path } = parseDockerName([first.replace('__', ':'), ...rest].join('/'));
  return formatReference({ host, repository: path, tag });
}
