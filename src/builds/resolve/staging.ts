import {
  familiarReference,
  Invalid,
  isTag,
  parseDockerReference,
  printable,
  type FullReference,
} from '../../oci/index.ts';
import { parseImageName } from '../sources/image-name.ts';
import type { ImageName } from '../sources/target.ts';

/** Where builds are put, until they are deployed. */
export interface Staging {
  /** The image of a build, as it is written down. */
  nameOf(buildId: string, arch: string): string;
  /** The same as a place. @throws {Invalid} subject `reference`, if the architecture makes none of it. */
  imageOf(buildId: string, arch: string): ImageName;
  /** The repository of an architecture's builds, where it is one for all of them. */
  repositoryOf(arch: string): StagingRepository | undefined;
}

/** The part of a repository that holds the builds of one architecture. */
export interface StagingRepository {
  /** The repository in the short form. */
  readonly name: string;
  readonly host: string;
  readonly repository: string;
  /** What stands before and behind the id of a build in its tag. */
  readonly prefix: string;
  readonly suffix: string;
}

/** The template that the Docker Official Images use. */
export const DEFAULT_STAGING = 'oisupport/staging-ARCH:BUILD';

/** An id of a build that takes up as much room as any. */
const SOME_ID = '0'.repeat(64);

/**
 * Reads the template of staging images, as `BASHBREW_STAGING_TEMPLATE` gives it: each `BUILD` in it stands for the id of
 * a build, each `ARCH` for an architecture.
 * @throws {Invalid} subject `reference`, for one without `BUILD`, or of which nothing becomes a reference.
 */
export function parseStaging(template: string): Staging {
  const fail = (why: string): Invalid =>
    new Invalid('reference', `invalid staging template "${printable(template)}": ${why}`);
  if (!template.includes('BUILD')) throw fail('BUILD is missing, which stands for the id of a build');
  const nameOf = (buildId: string, arch: string): string =>
    template.replaceAll('BUILD', () => buildId).replaceAll('ARCH', () => arch);
  try {
    if (parseDockerReference(nameOf(SOME_ID, 'amd64')).digest !== undefined)
      throw fail('the digest of a build is not known before it is built');
  } catch (error) {
    throw error instanceof Invalid && error.subject === 'reference' && !error.message.includes('template')
      ? fail(error.message)
      : error;
  }
  const tagLists = new Map<string, StagingRepository | undefined>();
  const repositoryOf = (arch: string): StagingRepository | undefined => {
    if (!tagLists.has(arch)) tagLists.set(arch, repositoryIn(template.replaceAll('ARCH', () => arch)));
    return tagLists.get(arch);
  };
  return {
    nameOf,
    repositoryOf,
    imageOf(buildId, arch) {
      const stagingRepository = repositoryOf(arch);
      return stagingRepository === undefined
        ? parseImageName(nameOf(buildId, arch))
        : imageIn(stagingRepository, buildId);
    },
  };
}

function imageIn({ name, host, repository, prefix, suffix }: StagingRepository, buildId: string): ImageName {
  const tag = `${prefix}${buildId}${suffix}`;
  return { name: `${name}:${tag}`, reference: { host, repository, tag } };
}

/** Its tags can be looked for in a list if the id stands in the tag, once, and nowhere else. */
function repositoryIn(template: string): StagingRepository | undefined {
  const [before = '', suffix, ...more] = template.split('BUILD');
  if (suffix === undefined || more.length > 0) return undefined;
  const colon = before.lastIndexOf(':');
  const prefix = before.slice(colon + 1);
  if (colon < 0 || prefix.includes('/') || suffix.includes('/')) return undefined;
  if (!isTag(`${prefix}${SOME_ID}${suffix}`)) return undefined;
  const { host, repository }: FullReference = parseDockerReference(`${before.slice(0, colon)}:tag`);
  return { name: familiarReference({ host, repository }), host, repository, prefix, suffix };
}
