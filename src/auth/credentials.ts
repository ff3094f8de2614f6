import type { DefaultCredentialsOptions } from './credential-files.ts';
import { sameHost } from './credential-key.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Credentials } from './login.ts';

export type { DefaultCredentialsOptions } from './credential-files.ts';
export type { Credentials } from './login.ts';

/**
 * Finds credentials. Asked only after a registry wanted some; its answer is used for five minutes.
 * @param host of the registry with its port, unless that is the scheme's own: `registry-1.docker.io`, `localhost:5000`
 * @param repository that they are for; some files have entries for a part of a registry
 * @returns undefined for nobody
 * @throws {RegistryError} `CREDENTIALS_INVALID` when there should be some and they cannot be had.
 */
export interface CredentialSource {
  (host: string, repository?: string): Promise<Credentials | undefined>;
  /**
   * Tells whose credentials these would be, without running helpers: a text that is another one for another account,
   * and is not made of any secret, not even as a hash: it goes to the disk. Tokens that are kept between processes are kept by it; without it, or where
   * it gives undefined, none are kept.
   */
  readonly fingerprint?: (host: string, repository?: string) => Promise<string | undefined>;
  /** Is told that what it gave was refused, so that it looks again where it keeps answers. */
  readonly forget?: () => Promise<void>;
}

/** Knows nobody. */
export const noCredentials: CredentialSource = Object.assign(async () => undefined, {
  fingerprint: async () => fingerprintOf([]),
});

/** User names that say what kind of password it is, and not whose. */
const COMMON_USERS: ReadonlySet<string> = new Set([
  '<token>',
  '00000000-0000-0000-0000-000000000000',
  'AWS',
  '_dcgcloud_token',
  '_json_key',
  '_json_key_base64',
  '_token',
  'gitlab-ci-token',
  'oauth2',
  'oauth2accesstoken',
  'token',
  'x-access-token',
]);

/**
 * Knows these, each for the one host that it is given for.
 * @param byHost credentials by the registry's host with its port; all names of Docker Hub are one
 */
export function staticCredentials(
  byHost: Readonly<Record<string, Omit<Credentials, 'origin'> & { readonly origin?: string }>>,
): CredentialSource {
  const entries = Object.entries(byHost);
  const find = (host: string): Credentials | undefined => {
    const [, credentials] = entries.find(([key]) => sameHost(key, host)) ?? [];
    return credentials && { origin: 'the options', ...credentials };
  };
  return Object.assign(async (host: string) => find(host), {
    fingerprint: async (host: string) => {
      const found = find(host);
      if (found === undefined) return fingerprintOf([]);
      // A token alone does not say whose it is, nor does a user name that all customers of a cloud have.
      const { username } = found;
      return username === undefined || COMMON_USERS.has(username) ? undefined : fingerprintOf([username]);
    },
  });
}

/**
 * Knows what `docker login` and `podman login` wrote, and what netrc has. Looks in this order, and takes the first
 * that knows the host:
 * `$DOCKER_AUTH_CONFIG`; `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; `$REGISTRY_AUTH_FILE`;
 * `$XDG_RUNTIME_DIR/containers/auth.json`; `$XDG_CONFIG_HOME/containers/auth.json`, else
 * `~/.config/containers/auth.json`; `$NETRC`, else `~/.netrc`. Files are read when asked, so that a login is seen by a
 * running process; what a helper answered is kept for an hour.
 * @see https://docs.docker.com/reference/cli/docker/login/
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function defaultCredentials(options: DefaultCredentialsOptions = {}): CredentialSource {
  // Loaded when first needed: most registries never ask, and files and processes are Node's.
  return Object.assign(
    async (host: string, repository?: string) => {
      const { findInFiles } = await import('./credential-files.ts');
      return findInFiles(host, repository, options);
    },
    {
      fingerprint: async (host: string, repository?: string) => {
        const { traceInFiles } = await import('./credential-files.ts');
        const trace = await traceInFiles(host, repository, options);
        return trace && fingerprintOf(trace);
      },
      forget: async () => {
        const { forgetAnswers } = await import('./credential-helper.ts');
        forgetAnswers(options.environment ?? process.env);
      },
    },
  );
}
