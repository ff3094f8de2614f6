import { isDockerHub, printable } from '../oci/index.ts';
import { isRegistryError, RegistryError, type ErrorFacts } from '../registry/index.ts';
import { followable } from '../transport/index.ts';

/** Who sent us to a token server, and what we would take along. */
export interface RealmQuestion {
  /** Any URL of the registry. */
  readonly registry: URL;
  /** Whether the token server is to be given a password or an identity token. */
  readonly withCredentials: boolean;
  /** Hosts, with or without port, that the user trusts with credentials. */
  readonly allowRealms: readonly string[];
  readonly facts?: ErrorFacts;
}

/**
 * Whether a token server may be asked. The realm is what the registry says, so whoever controls the registry, or
 * its TLS, chooses it: it must be an absolute URL that does not leave TLS, has no user and, if the registry is
 * outside, does not point into an internal network. Credentials go only to the registry's own host or site (by the list
 * of public suffixes, so that gitlab.com is one with registry.gitlab.com), to the token server of Docker Hub, and to
 * those that the user allows. Without credentials any other host is fine.
 * @param realm of the Bearer challenge
 * @throws {RegistryError} `AUTH_REALM_REFUSED`, with the reason and, where that helps, how to allow it.
 * @see https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 * @see https://publicsuffix.org/
 */
export async function checkRealm(realm: string | undefined, question: RealmQuestion): Promise<URL> {
  const { registry, withCredentials, allowRealms, facts } = question;
  const refuse = (why: string): RegistryError =>
    new RegistryError(
      'AUTH_REALM_REFUSED',
      `${registry.host} names no token server that may be asked: ${why}`,
      facts,
    );
  const follow = (href: string): URL => {
    try {
      return followable(href, registry, 'AUTH_REALM_REFUSED');
    } catch (error) {
      throw isRegistryError(error) ? refuse(error.message) : error;
    }
  };
  if (realm === undefined || realm === '') throw refuse('the realm is missing');
  if (!URL.canParse(realm)) throw refuse(`the realm "${printable(realm, 200)}" is not an absolute URL`);
  // As a URL, not as text: `https:evil.test` is absolute by itself, and relative where there is a base.
  const url = follow(new URL(realm).href);
  if (withCredentials && !(await isTrusted(url, registry, allowRealms))) {
    // Without path and query, which may be signed.
    throw refuse(
      `the realm ${url.origin} is on another site, so it is not given the credentials of ${registry.host}; ` +
        `if ${url.host} is its token server, allow it with --allow-realm ${url.host}`,
    );
  }
  return url;
}

/**
 * Clouds that give each customer a host of its own, and are not in the list of public suffixes. Their registries are
 * their own token servers.
 */
const SHARED: ReadonlySet<string> = new Set(['azurecr.io', 'azurecr.cn', 'azurecr.us', 'jfrog.io']);

async function isTrusted(realm: URL, registry: URL, allowRealms: readonly string[]): Promise<boolean> {
  if (realm.hostname === registry.hostname) return true;
  if (allowRealms.some((host) => host.toLowerCase() === realm.hostname || host.toLowerCase() === realm.host))
    return true;
  // Of Docker Hub's names, registry.hub.docker.com is on another site than its token server.
  if (isDockerHub(registry.hostname) && realm.hostname === 'auth.docker.io') return true;
  // Loaded here, because it is large, and most registries have their token server at home.
  const { getDomain } = await import('tldts');
  // The private part of the list has the clouds whose customers share a name: `a.github.io` and `b.github.io`.
  const siteOf = (url: URL): string | null => getDomain(url.hostname, { allowPrivateDomains: true });
  const site = siteOf(realm);
  // Addresses, single names and public suffixes have no site; what two of them have in common is nothing.
  return site !== null && !SHARED.has(site) && site === siteOf(registry);
}
