/** How credential files name registries: `host`, `host:port`, `https://host/v1/`, and podman's `host/some/path`. */
import { canonicalHost } from '../oci/index.ts';

/** Docker Hub's name in Docker's files and for its helpers, from the days of the first protocol. */
export const HUB_KEY = 'https://index.docker.io/v1/';

/** Docker writes these beside `HUB_KEY`; they hold tokens for the Hub's web service, not for the registry. */
const NOT_REGISTRIES: ReadonlySet<string> = new Set([`${HUB_KEY}access-token`, `${HUB_KEY}refresh-token`]);

/** Whether both texts are one registry; ports count, and all names of Docker Hub are one. */
export function sameHost(key: string, host: string): boolean {
  return hostOfKey(key) === hostOfKey(host);
}

/**
 * The keys that are for a registry, the best first: a part of the registry that the repository is in, the longest
 * before others; then the registry as a whole. A host is compared as a whole, and a key for another part of
 * the registry is not for it.
 */
export function matchingKeys(
  keys: readonly string[],
  host: string,
  repository: string | undefined,
): readonly string[] {
  return keys
    .map((key) => ({ key, rank: rankOf(key, host, repository) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank)
    .map(({ key }) => key);
}

function rankOf(key: string, host: string, repository: string | undefined): number {
  if (NOT_REGISTRIES.has(key) || !sameHost(key, host)) return 0;
  const { url, path } = splitKey(key);
  if (key === HUB_KEY) return 4;
  if (path === '') return 3;
  if (/^v[12]$/.test(path)) return 2;
  // With a scheme, the path is some old address of the registry, as Docker has it.
  if (url) return 1;
  const inside = repository !== undefined && `${repository}/`.startsWith(`${path}/`);
  return inside ? 4 + path.length : 0;
}

interface Key {
  readonly url: boolean;
  readonly host: string;
  /** Without slashes around it. */
  readonly path: string;
}

function splitKey(key: string): Key {
  const scheme = /^https?:\/\//i.exec(key)?.[0] ?? '';
  const rest = key.slice(scheme.length);
  const slash = rest.indexOf('/');
  const path = slash < 0 ? '' : rest.slice(slash + 1);
  return {
    url: scheme !== '',
    host: slash < 0 ? rest : rest.slice(0, slash),
    path: path.endsWith('/') ? path.slice(0, -1) : path,
  };
}

/** The one name for all keys that mean a registry. */
export function hostOfKey(key: string): string {
  return canonicalHost(splitKey(key).host);
}
