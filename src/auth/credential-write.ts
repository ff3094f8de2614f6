import type { DefaultCredentialsOptions } from './credential-files.ts';
import type { Login, StoredLogin } from './docker-config-write.ts';

export type { Login, StoredLogin } from './docker-config-write.ts';

/**
 * Keeps a login where docker does, for `defaultCredentials` and docker to find: in the helper that
 * `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`, names for the registry (`credHelpers`) or for all
 * (`credsStore`); else in that file, which then has it open to whoever may read it (0600). All else in the file is kept.
 * @param host of the registry, as references name it, with its port; all names of Docker Hub are one
 * @returns where it went
 * @throws {RegistryError} `CREDENTIALS_INVALID` where the file is malformed or cannot be written, the helper fails or is
 * missing, or the login cannot be written so that it is read again; `REFERENCE_INVALID` for what is no host.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export async function storeCredentials(
  host: string,
  login: Login,
  options: DefaultCredentialsOptions = {},
): Promise<StoredLogin> {
  // Loaded when needed, as reading is: files and processes are Node's.
  const { writeLogin } = await import('./docker-config-write.ts');
  return writeLogin(host, login, options);
}

/**
 * Takes a login back: out of the file, under all names that it has for the registry, and out of the helper. Entries for
 * a part of the registry, which are podman's, stay.
 * @returns whether anything was known
 * @throws {RegistryError} as `storeCredentials`.
 */
export async function eraseCredentials(
  host: string,
  options: DefaultCredentialsOptions = {},
): Promise<boolean> {
  const { eraseLogin } = await import('./docker-config-write.ts');
  return eraseLogin(host, options);
}

/**
 * Where else than in docker's own file, which `storeCredentials` writes and `eraseCredentials` empties, there is a login
 * that `defaultCredentials` knows. No helper is asked.
 * @param host of the registry, with its port
 * @returns files in the order in which they count; first, as it comes before docker's file too, `$DOCKER_AUTH_CONFIG` for
 *   that variable
 */
export async function otherLogins(
  host: string,
  options: DefaultCredentialsOptions = {},
): Promise<readonly string[]> {
  const { findOtherLogins } = await import('./credential-files.ts');
  return findOtherLogins(host, options);
}
