import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isMissing } from '../../disk/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { tlsFilesIn, type TlsFiles } from './tls-files.ts';

/** An engine that Docker's command line is told to use. */
export interface DockerContext {
  readonly host: string;
  /** What told it, for messages. */
  readonly from: string;
  readonly tls?: TlsFiles;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The engine that Docker's command line would talk to; undefined if nothing says, and it is the default socket.
 * A variable outdoes what was chosen with `docker context use`.
 * @throws {RegistryError} `SETTINGS_INVALID`, if the context is not there, or has no engine.
 * @see https://docs.docker.com/engine/manage-resources/contexts/
 */
export async function dockerContext(env: Env): Promise<DockerContext | undefined> {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const asked = env['DOCKER_CONTEXT'];
  if (asked) return contextNamed(asked, folder, 'DOCKER_CONTEXT');
  const host = env['DOCKER_HOST'];
  if (host) return { host, from: 'DOCKER_HOST', ...tlsOf(env, folder) };
  const { currentContext } =
    (await readJson<{ currentContext?: unknown }>(join(folder, 'config.json'))) ?? {};
  if (typeof currentContext !== 'string' || currentContext === '') return undefined;
  return contextNamed(currentContext, folder, `"currentContext" in ${join(folder, 'config.json')}`);
}

/**
 * Docker does not verify the engine where `DOCKER_CERT_PATH` is set without `DOCKER_TLS_VERIFY`. Here it is always
 * verified: what goes there is credentials.
 */
function tlsOf(env: Env, folder: string): { readonly tls?: TlsFiles } {
  const certificates = env['DOCKER_CERT_PATH'] || (env['DOCKER_TLS_VERIFY'] ? folder : undefined);
  return certificates === undefined ? {} : { tls: tlsFilesIn(certificates) };
}

async function contextNamed(name: string, folder: string, from: string): Promise<DockerContext | undefined> {
  if (name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const meta = await readJson<{ Endpoints?: { docker?: { Host?: unknown } } }>(
    join(folder, 'contexts/meta', id, 'meta.json'),
  );
  const host = meta?.Endpoints?.docker?.Host;
  if (typeof host !== 'string' || host === '') {
    const why = meta === undefined ? 'does not exist' : 'has no Docker engine';
    throw new RegistryError(
      'SETTINGS_INVALID',
      `the Docker context "${name}" (from ${from}) ${why}: docker context ls`,
    );
  }
  const certificates = join(folder, 'contexts/tls', id, 'docker');
  return { host, from, ...(existsSync(certificates) && { tls: tlsFilesIn(certificates) }) };
}

/** Undefined if there is no such file. */
async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (isMissing(error)) return undefined;
    const why = error instanceof SyntaxError ? 'is not JSON' : `cannot be read (${(error as Error).message})`;
    throw new RegistryError('SETTINGS_INVALID', `${path} ${why}`, { cause: error });
  }
}
