/** Logins as docker writes them: given to a helper, or into its file; all else in the file stays as it is. */
import { realpath } from 'node:fs/promises';
import { isMissing, writePrivate } from '../disk/index.ts';
import { isHost, printable } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import { readCredentialFile } from './credential-file.ts';
import { dockerConfigPath, type DefaultCredentialsOptions } from './credential-files.ts';
import { eraseByHelper, storeByHelper } from './credential-helper.ts';
import { HUB_KEY, matchingKeys, sameHost } from './credential-key.ts';
import { isMark, parseDockerConfig, type DockerConfig } from './docker-config.ts';
import { TOKEN_USER } from './login.ts';
import type { SecretObject } from './secret-json.ts';

/** What a login leaves: a user with a password, or a token in place of both. */
export type Login =
  { readonly username: string; readonly password: string } | { readonly identityToken: string };

/** Where a login went. */
export type StoredLogin =
  { readonly kind: 'file'; readonly file: string } | { readonly kind: 'helper'; readonly program: string };

/** The helper that a file names for a registry. */
interface NamedHelper {
  readonly name: string;
  /** The file and its key, for messages. */
  readonly where: string;
  /** For this registry alone, and not for all. */
  readonly own: boolean;
}

/** Does the work of `storeCredentials`. */
export async function writeLogin(
  host: string,
  login: Login,
  options: DefaultCredentialsOptions,
): Promise<StoredLogin> {
  checkHost(host);
  checkLogin(host, login);
  const { environment = process.env } = options;
  const path = dockerConfigPath(options);
  const server = serverOf(host);
  const helper = helperFor(await readConfig(path), host);
  if (helper !== undefined) {
    const { where, name } = helper;
    const secret =
      'password' in login
        ? { username: login.username, secret: login.password }
        : { username: TOKEN_USER, secret: login.identityToken };
    await storeByHelper(name, server, secret, { where, environment });
  }
  const file = await rewrite(path, (auths) => {
    const before = matchingKeys([...Object.keys(auths), server], host, undefined);
    // Whoever reads the file takes the best key first, which must be the new one.
    const better = new Set(before.slice(0, before.indexOf(server)));
    // docker leaves a mark of what a helper has, for its list of registries.
    const entry = helper === undefined ? entryOf(login) : {};
    return { ...without(auths, better), [server]: entry };
  });
  return helper === undefined
    ? { kind: 'file', file }
    : { kind: 'helper', program: `docker-credential-${helper.name}` };
}

/** Does the work of `eraseCredentials`. */
export async function eraseLogin(host: string, options: DefaultCredentialsOptions): Promise<boolean> {
  checkHost(host);
  const { environment = process.env } = options;
  const path = dockerConfigPath(options);
  const config = await readConfig(path);
  const keys = matchingKeys(Object.keys(config.auths), host, undefined);
  const inFile = keys.some((key) => !isMark(config.auths[key]));
  // First what lies open. A helper may fail.
  if (keys.length > 0)
    await rewrite(path, (auths) =>
      without(auths, new Set(matchingKeys(Object.keys(auths), host, undefined))),
    );
  const helper = helperFor(config, host);
  if (helper === undefined) return inFile;
  const { name, where, own } = helper;
  const erased = await eraseByHelper(name, serverOf(host), { where, environment });
  // As when it is read: the file's helper for all may be on another machine, one for this registry may not.
  if (erased === 'missing' && own) {
    throw new RegistryError(
      'CREDENTIALS_INVALID',
      `${where}: there is no docker-credential-${name} on the PATH`,
    );
  }
  return inFile || erased === true;
}

async function readConfig(path: string): Promise<DockerConfig> {
  return parseDockerConfig((await readCredentialFile(path)) ?? Buffer.from('{}'), path);
}

function helperFor({ file, credHelpers, credsStore }: DockerConfig, host: string): NamedHelper | undefined {
  const [key] = matchingKeys(Object.keys(credHelpers), host, undefined);
  if (key === undefined)
    return credsStore === undefined
      ? undefined
      : { name: credsStore, where: `${file}, credsStore`, own: false };
  const where = `${file}, credHelpers["${printable(key)}"]`;
  const name = credHelpers[key];
  if (typeof name !== 'string') throw new RegistryError('CREDENTIALS_INVALID', `${where} is not a text`);
  return { name, where, own: true };
}

/**
 * Writes the file anew with other `auths`. It is read right before, because a helper takes its time, and written as a
 * whole; of a link, what it leads to is written.
 * @returns the file that was written
 */
async function rewrite(path: string, change: (auths: SecretObject) => SecretObject): Promise<string> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error)) return path;
    throw unwritable(path, error);
  });
  const { document, auths } = await readConfig(path);
  // By tabs, and without an end of line, as docker does.
  const text = JSON.stringify({ ...document, auths: change(auths) }, null, '\t');
  await writePrivate(target, text, { durable: true, ownerOf: target }).catch(
    (error: NodeJS.ErrnoException) => {
      throw unwritable(target, error);
    },
  );
  return path;
}

function unwritable(path: string, error: NodeJS.ErrnoException): RegistryError {
  return new RegistryError('CREDENTIALS_INVALID', `${path}: cannot be written (${error.code ?? 'unknown'})`, {
    cause: error,
  });
}

function entryOf(login: Login): SecretObject {
  if ('identityToken' in login) return { identitytoken: login.identityToken };
  return { auth: Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64') };
}

function without(auths: SecretObject, keys: ReadonlySet<string>): SecretObject {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !keys.has(key)));
}

/** The registry's key in Docker's files, and its name for helpers. */
function serverOf(host: string): string {
  return sameHost(host, HUB_KEY) ? HUB_KEY : host;
}

function checkHost(host: string): void {
  if (isHost(host) || /^[A-Za-z0-9-]+$/.test(host)) return;
  throw new RegistryError('REFERENCE_INVALID', `not the host of a registry: "${printable(host)}"`);
}

/** What cannot be written so that it is read again: the first colon ends a user, and helpers read lines. */
function checkLogin(host: string, login: Login): void {
  const bad = (text: string): boolean => text === '' || /\p{Cc}/u.test(text);
  const wrong =
    'identityToken' in login
      ? bad(login.identityToken) && 'token'
      : bad(login.username) || login.username.includes(':')
        ? 'user name'
        : bad(login.password) && 'password';
  if (wrong === false) return;
  const why = `it is empty, or has a control character${wrong === 'user name' ? ' or a colon' : ''} in it`;
  throw new RegistryError('CREDENTIALS_INVALID', `${host}: this ${wrong} cannot be stored: ${why}`);
}
