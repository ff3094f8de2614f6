import { formatReference, isHost, parseReference, type Reference } from './reference.ts';

/** Docker Hub's name, as references show it. */
export const DOCKER_HUB = 'docker.io';

/** The names under which Docker Hub is known; they all mean `docker.io`. */
const HUB_HOSTS: ReadonlySet<string> = new Set([
  DOCKER_HUB,
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);

/** A reference in which nothing is left open. */
export interface FullReference extends Reference {
  readonly host: string;
}

/** Whether the host is one of Docker Hub's. */
export function isDockerHub(host: string): boolean {
  return HUB_HOSTS.has(host.toLowerCase());
}

/**
 * Reads a reference as Docker's users write them: `alpine` is `docker.io/library/alpine:latest`,
 * `localhost/x` has a host. Tag and digest are both kept; `latest` is filled in where neither is given.
 * @throws {Invalid} subject `reference`.
 */
export function parseDockerReference(text: string): FullReference {
  const reference = parseDockerName(text);
  const { tag, digest } = reference;
  return tag === undefined && digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** The same, but what has neither tag nor digest is left without: there, a repository can be meant. */
export function parseDockerName(text: string): FullReference {
  const { host: recognised, repository: path, tag, digest } = parseReference(text);
  // `localhost` is the one host that the strict grammar cannot tell from a repository.
  const local = recognised === undefined && path.startsWith('localhost/');
  const host = local ? 'localhost' : (recognised ?? DOCKER_HUB);
  const repository = local ? path.slice('localhost/'.length) : path;
  const hub = isDockerHub(host);
  return {
    host: hub ? DOCKER_HUB : host,
    repository: hub && !repository.includes('/') ? `library/${repository}` : repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/**
 * The short form that Docker shows: no `docker.io`, no `library/`, no `:latest`.
 * The host stays where the rest would be read as a place on another one.
 */
export function familiarName(reference: Reference): string {
  const short = familiarReference(reference);
  const { host, tag, digest } = reference;
  const isHub = host !== undefined && isDockerHub(host);
  // What keeps its host keeps its tag: it is not short anyway.
  return isHub && tag === 'latest' && digest === undefined && !short.startsWith(`${host}/`)
    ? short.slice(0, -':latest'.length)
    : short;
}

/** The same, with the tag as it is: no `docker.io`, no `library/`. */
export function familiarReference(reference: Reference): string {
  const { host, repository, tag, digest } = reference;
  if (host === undefined || !isDockerHub(host)) return formatReference(reference);
  const first = repository.slice(0, Math.max(0, repository.indexOf('/')));
  if (first === 'localhost' || isHost(first)) return formatReference(reference);
  return formatReference({
    repository: repository.replace(/^library\/(?=[^/]+$)/, ''),
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  });
}

/** One name for all names of a host: those of Docker Hub are one, case does not count, nor does the port of https. */
export function canonicalHost(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, '');
  return isDockerHub(name) ? DOCKER_HUB : name;
}
