import { isObject, printable, type Json } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import { parseConfigEntry } from './config-entry.ts';
import { askHelper, fromHelper } from './credential-helper.ts';
import { HUB_KEY, hostOfKey, matchingKeys, sameHost } from './credential-key.ts';
import type { Credentials } from './login.ts';
import { parseSecretObject, type SecretObject } from './secret-json.ts';

/** A file of Docker's or podman's; they have one format. Entries are looked at when they are asked for. */
export interface DockerConfig {
  /** The file, for messages. */
  readonly file: string;
  /** All of it, also what is not about credentials. */
  readonly document: SecretObject;
  readonly auths: SecretObject;
  readonly credHelpers: SecretObject;
  readonly credsStore: string | undefined;
}

/** What is looked for. */
export interface Lookup {
  readonly host: string;
  readonly repository: string | undefined;
  /** That helpers are found and run in. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Reads a file's form.
 * @param file for messages
 * @throws {RegistryError} `CREDENTIALS_INVALID`, which names the file and the key and quotes neither values nor text.
 * @see https://github.com/docker/cli/blob/v28.0.0/cli/config/configfile/file.go
 */
export function parseDockerConfig(bytes: Uint8Array, file: string): DockerConfig {
  const invalid = (why: string): RegistryError => new RegistryError('CREDENTIALS_INVALID', `${file}: ${why}`);
  if (bytes.length === 0) throw invalid('the file is empty');
  const document = parseSecretObject(bytes);
  if (typeof document === 'string') throw invalid(document);
  const object = (name: string): SecretObject => {
    const value = document[name] ?? {};
    if (!isObject(value)) throw invalid(`"${name}" is not an object`);
    return value;
  };
  const credsStore = document['credsStore'] ?? '';
  if (typeof credsStore !== 'string') throw invalid('"credsStore" is not a text');
  return {
    file,
    document,
    auths: object('auths'),
    credHelpers: object('credHelpers'),
    credsStore: credsStore || undefined,
  };
}

/**
 * What a file knows about a registry: by the helper that it names for it, else by the helper for all, else by itself.
 * @throws {RegistryError} `CREDENTIALS_INVALID`, which names file, key and helper.
 */
export async function lookUp(config: DockerConfig, lookup: Lookup): Promise<Credentials | undefined> {
  const { file, auths, credHelpers, credsStore } = config;
  const { host, repository, environment } = lookup;
  const server = sameHost(host, HUB_KEY) ? HUB_KEY : host;

  const [own] = matchingKeys(Object.keys(credHelpers), host, repository);
  if (own !== undefined) {
    const where = `${file}, credHelpers["${printable(own)}"]`;
    const name = credHelpers[own];
    if (typeof name !== 'string') throw new RegistryError('CREDENTIALS_INVALID', `${where} is not a text`);
    const answer = await askHelper(name, isPart(own) ? own : server, { where, environment });
    if (answer === 'missing') {
      throw new RegistryError(
        'CREDENTIALS_INVALID',
        `${where}: there is no docker-credential-${name} on the PATH`,
      );
    }
    return fromHelper(answer, name, where);
  }

  if (credsStore !== undefined) {
    const where = `${file}, credsStore`;
    const answer = await askHelper(credsStore, server, { where, environment });
    // Configurations travel to machines without the desktop's key ring, where docker goes on without it too.
    const found = answer === 'missing' ? undefined : fromHelper(answer, credsStore, where);
    if (found !== undefined) return found;
  }

  for (const key of matchingKeys(Object.keys(auths), host, repository)) {
    const found = parseConfigEntry(auths[key], `${file}, auths["${printable(key)}"]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * What `lookUp` would go by, without running a helper, and without any secret: the helper and what it would be asked
 * for, and the users of the file's own entries.
 * @returns nothing where the file does not know the registry, and names no helper; undefined where a helper may speak for
 *   another account each time, as those of clouds do
 * @throws {RegistryError} `CREDENTIALS_INVALID`.
 */
export function trace(
  config: DockerConfig,
  { host, repository }: Omit<Lookup, 'environment'>,
): readonly Json[] | undefined {
  const { file, auths, credHelpers, credsStore = null } = config;
  const matching = (object: SecretObject): readonly string[] =>
    matchingKeys(Object.keys(object), host, repository);
  const helpers = matching(credHelpers).map((key) => [key, credHelpers[key] ?? null]);
  const users = matching(auths).map((key) => [
    key,
    parseConfigEntry(auths[key], `${file}, auths["${printable(key)}"]`)?.username ?? null,
  ]);
  if (helpers.length === 0 && users.length === 0 && credsStore === null) return [];
  const asked = helpers.length === 0 ? credsStore : helpers[0]?.[1];
  if (asked !== null && !(typeof asked === 'string' && KEYCHAINS.has(asked))) return undefined;
  return [hostOfKey(host), helpers, credsStore, users];
}

/** Whether a file has something for one registry: a helper, or an entry that is more than the mark of one. */
export function namesOwn({ auths, credHelpers }: DockerConfig, host: string): boolean {
  const entries = matchingKeys(Object.keys(auths), host, undefined);
  const helpers = matchingKeys(Object.keys(credHelpers), host, undefined);
  return helpers.length > 0 || entries.some((key) => !isMark(auths[key]));
}

/** What docker leaves in a file where a helper has the password. */
export function isMark(entry: Json | undefined): boolean {
  return isObject(entry) && Object.keys(entry).length === 0;
}

/** Helpers that know what a login told them: with each login, the file is written anew. */
const KEYCHAINS: ReadonlySet<string> = new Set([
  'osxkeychain',
  'wincred',
  'secretservice',
  'pass',
  'desktop',
]);

/** Whether a key is for a part of a registry; helpers then are asked for that part, as podman does. */
function isPart(key: string): boolean {
  return key.includes('/') && !/^https?:\/\//i.test(key);
}
