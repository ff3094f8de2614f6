import {
  annotations,
  DOCKER_HUB,
  formatReference,
  Invalid,
  isHost,
  isTag,
  parseDockerName,
  printable,
  type Descriptor,
  type Digest,
  type FullReference,
} from '../oci/index.ts';
import { fromInvalid, RegistryError } from '../registry/index.ts';

/** What an entry is called, as it stands there. */
export interface EntryNames {
  /** `io.containerd.image.name`: a full name, by BuildKit, containerd and `docker save`. */
  readonly image: string | undefined;
  /** `org.opencontainers.image.ref.name`: a tag, by most; a full name, by some. */
  readonly ref: string | undefined;
}

/** The names that stand in an entry. */
export function namesOf(entry: Descriptor): EntryNames {
  return {
    image: entry.annotations?.[annotations.imageName],
    ref: entry.annotations?.[annotations.refName],
  };
}

/** The tag that an entry gives its manifest, if it has one. Names that are no tags, as containerd writes them, are none. */
export function tagOf(entry: Descriptor): string | undefined {
  const name = entry.annotations?.[annotations.refName];
  return name !== undefined && isTag(name) ? name : undefined;
}

/** The tag at the end of a name; undefined where the name has none. */
export function tagAtEnd(name: string): string | undefined {
  const colon = name.lastIndexOf(':');
  // After an @ stands a digest, and before a slash the port of a host.
  if (colon < 1 || name.includes('/', colon) || name.includes('@')) return undefined;
  const tag = name.slice(colon + 1);
  return isTag(tag) ? tag : undefined;
}

/** How an entry is called, for people; undefined where it has no name. */
export function displayName(entry: Descriptor): string | undefined {
  const { image, ref } = namesOf(entry);
  return image || ref || undefined;
}

/** A name as it is asked for, and what it means. */
export interface AskedName {
  /** As it was asked for, with the tag that was told beside it. */
  readonly text: string;
  /** In full; `latest` where it has no tag. */
  readonly canonical: string;
  readonly tag: string;
  /** All that means the same: without the host and `library/` of Docker Hub, with its other hosts, without `latest`. */
  readonly spellings: readonly string[];
  /** Where it has one: then that counts, and nothing else of it. */
  readonly digest?: Digest;
}

/**
 * Reads a name as Docker's users write them.
 * @param beside a tag for a name that has none
 * @throws {RegistryError} `REFERENCE_INVALID`.
 */
export function parseAskedName(text: string, beside?: string): AskedName {
  const parsed = read(text);
  if (beside !== undefined && parsed.tag !== undefined && parsed.tag !== beside)
    throw invalid(text, `"${printable(text)}" has another tag than "${printable(beside, 140)}"`);
  const tag = parsed.tag ?? beside ?? 'latest';
  const { host, repository, digest } = parsed;
  const asked = parsed.tag === undefined && beside !== undefined ? `${text}:${beside}` : text;
  return {
    text: asked,
    canonical: formatReference({ host, repository, tag }),
    tag,
    spellings: spellingsOf({ host, repository, tag }),
    ...(digest !== undefined && { digest }),
  };
}

/**
 * Reads a name that is to be written.
 * @throws {RegistryError} `REFERENCE_INVALID`, also for one with a digest, which would be no name but a digest.
 */
export function parseNewName(text: string): AskedName {
  const asked = parseAskedName(text);
  if (asked.digest === undefined) return asked;
  throw invalid(text, `"${printable(text)}" has a digest: images are named by repository and tag`);
}

/** The hosts that Docker Hub's images are written with; with none as well. */
const HUB_SPELLINGS: readonly string[] = [
  `${DOCKER_HUB}/`,
  '',
  'index.docker.io/',
  'registry-1.docker.io/',
  'registry.hub.docker.com/',
];

function spellingsOf({ host, repository, tag }: FullReference): readonly string[] {
  const names = host === DOCKER_HUB ? hubSpellings(repository) : [`${host}/${repository}`];
  return [...names.map((name) => `${name}:${tag}`), ...(tag === 'latest' ? names : [])];
}

function hubSpellings(repository: string): readonly string[] {
  const short = repository.replace(/^library\/(?=[^/]+$)/, '');
  const first = repository.slice(0, Math.max(0, repository.indexOf('/')));
  // Without a host, what comes first may be one: `localhost/x` is not Docker Hub's.
  const hosts = HUB_SPELLINGS.filter((host) => host !== '' || !(first === 'localhost' || isHost(first)));
  return [...new Set([repository, short])].flatMap((path) => hosts.map((host) => host + path));
}

function read(text: string): FullReference {
  try {
    return parseDockerName(text);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { status: 400, reference: text });
  }
}

function invalid(reference: string, message: string): RegistryError {
  return new RegistryError('REFERENCE_INVALID', message, {
    status: 400,
    reference,
    cause: new Invalid('reference', message),
  });
}
