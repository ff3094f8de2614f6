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
 * outside, does not point into an internal network. Credentials go only to the registry's own host or site, to the
 * token servers known for a registry, and to those that the user allows. Without credentials any other host is fine.
 * @param realm of the Bearer challenge
 * @throws {RegistryError} `AUTH_REALM_REFUSED`, with the reason and, where that helps, how to allow it.
 * @see https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export function checkRealm(realm: string | undefined, question: RealmQuestion): URL {
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
  const said = `the realm "${printable(realm, 200)}"`;
  if (!URL.canParse(realm)) throw refuse(`${said} is not an absolute URL`);
  // As a URL, not as text: `https:evil.test` is absolute by itself, and relative where there is a base.
  const url = follow(new URL(realm).href);
  if (withCredentials && !isTrusted(url, registry, allowRealms)) {
    throw refuse(
      `${said} is on another site, so it is not given the credentials of ${registry.host}; ` +
        `if ${url.host} is its token server, allow it with --allow-realm ${url.host}`,
    );
  }
  return url;
}

function isTrusted(realm: URL, registry: URL, allowRealms: readonly string[]): boolean {
  if (realm.hostname === registry.hostname) return true;
  if (allowRealms.some((host) => host.toLowerCase() === realm.hostname || host.toLowerCase() === realm.host))
    return true;
  // Of Docker Hub's names, registry.hub.docker.com is on another site than its token server.
  if (isDockerHub(registry.hostname) && realm.hostname === 'auth.docker.io') return true;
  const site = siteOf(realm.hostname);
  return site !== undefined && site === siteOf(registry.hostname);
}

/**
 * What one owner has registered, by guess: the last two labels, or three under `co.uk` and its like. A guess,
 * because only the public suffix list knows: two customers of a cloud (`a.azurecr.io`, `b.azurecr.io`) look
 * like one site. The registry's own host gets the credentials anyway, so this widens the circle to its siblings.
 * @returns undefined for addresses and single names, which have no site.
 */
function siteOf(hostname: string): string | undefined {
  const labels = hostname.replace(/\.$/, '').split('.');
  const [top, second] = [labels.at(-1), labels.at(-2)];
  if (top === undefined || second === undefined || hostname.startsWith('[') || /^\d+$/.test(top))
    return undefined;
  const shared = top.length === 2 && /^(?:ac|co|com|edu|gov|net|org)$/.test(second);
  if (shared && labels.length < 3) return undefined;
  return labels.slice(shared ? -3 : -2).join('.');
}
