import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RegistryError } from '../registry/index.ts';
import { lookUp, parseDockerConfig, type DockerConfig } from './docker-config.ts';
import type { Credentials } from './login.ts';

/** Where `defaultCredentials` looks. */
export interface DefaultCredentialsOptions {
  /** The process's own unless told. */
  readonly environment?: NodeJS.ProcessEnv;
  /** `$HOME`, else what the system says, unless told. */
  readonly homeDirectory?: string;
}

/** Files that are longer, in bytes, are not lists of passwords. */
const LONGEST = 1024 * 1024;

/** Looks for a registry in all files, in the order of `defaultCredentials`. */
export async function findInFiles(
  host: string,
  repository: string | undefined,
  { environment = process.env, homeDirectory }: DefaultCredentialsOptions,
): Promise<Credentials | undefined> {
  const inline = environment['DOCKER_AUTH_CONFIG'];
  const configs = function* (): Generator<DockerConfig | Promise<DockerConfig | undefined>> {
    if (inline) yield parseDockerConfig(Buffer.from(inline), '$DOCKER_AUTH_CONFIG');
    for (const path of paths(environment, homeDirectory ?? (environment['HOME'] || homedir())))
      yield readConfig(path);
  };
  for (const pending of configs()) {
    const config = await pending;
    const found = config && (await lookUp(config, { host, repository, environment }));
    if (found !== undefined) return found;
  }
  return undefined;
}

function paths(environment: NodeJS.ProcessEnv, home: string): readonly string[] {
  const runtime = environment['XDG_RUNTIME_DIR'];
  const podman = environment['REGISTRY_AUTH_FILE'];
  return [
    join(environment['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
    ...(podman ? [podman] : []),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers', 'auth.json'),
  ];
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const bytes = await readBytes(path);
  return bytes && parseDockerConfig(bytes, path);
}

/** @returns undefined if there is no such file. */
async function readBytes(path: string): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  try {
    // A stream, because the file may be a pipe (`REGISTRY_AUTH_FILE=<(…)`), whose size nobody knows.
    for await (const chunk of createReadStream(path, { end: LONGEST })) chunks.push(chunk as Buffer);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: cannot be read (${code})`, { cause: error });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > LONGEST)
    throw new RegistryError('CREDENTIALS_INVALID', `${path}: longer than ${LONGEST} bytes`);
  return bytes;
}
