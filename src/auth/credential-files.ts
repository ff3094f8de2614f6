import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../oci/index.ts';
import { readCredentialFile } from './credential-file.ts';
import { lookUp, namesOwn, parseDockerConfig, trace, type DockerConfig } from './docker-config.ts';
import type { Credentials } from './login.ts';
import { findInNetrc } from './netrc.ts';

/** Where `defaultCredentials` looks. */
export interface DefaultCredentialsOptions {
  /** The process's own unless told. */
  readonly environment?: NodeJS.ProcessEnv;
  /** `$HOME`, else what the system says, unless told. */
  readonly homeDirectory?: string;
}

/** Looks for a registry in all files, in the order of `defaultCredentials`. */
export async function findInFiles(
  host: string,
  repository: string | undefined,
  options: DefaultCredentialsOptions,
): Promise<Credentials | undefined> {
  const { environment = process.env } = options;
  for (const { read } of places(options)) {
    const config = await read();
    const found = config && (await lookUp(config, { host, repository, environment }));
    if (found !== undefined) return found;
  }
  return findInNetrcFile(host, options);
}

/**
 * What decides what `findInFiles` gives, without running a helper, and without any secret, as it will be on the disk in
 * some form: who is named where, and when that file was written, which each login does.
 * @returns nothing where no file knows the registry; undefined where nobody can tell, as a pipe can be read only once
 * @throws {RegistryError} `CREDENTIALS_INVALID`.
 */
export async function traceInFiles(
  host: string,
  repository: string | undefined,
  options: DefaultCredentialsOptions,
): Promise<readonly Json[] | undefined> {
  const about = async (file: string): Promise<Stats | undefined> => stat(file).catch(() => undefined);
  const files = await Promise.all([...paths(options), netrcPath(options)].map(about));
  if (files.some((file) => file?.isFile() === false)) return undefined;
  const traces: Json[] = [];
  for (const { file, read } of places(options)) {
    const config = await read();
    const found = config === undefined ? [] : trace(config, { host, repository });
    // Nothing tells whose they are: no login leaves its trace in a variable, or with a helper that asks a cloud.
    if (found === undefined || (file === undefined && found.length > 0)) return undefined;
    const writtenAt = file === undefined ? undefined : (await about(file))?.mtimeMs;
    if (found.length > 0) traces.push([writtenAt ?? null, ...found]);
  }
  const netrc = await findInNetrcFile(host, options);
  if (netrc !== undefined)
    traces.push([netrc.username ?? null, (await about(netrcPath(options)))?.mtimeMs ?? null]);
  return traces;
}

/**
 * Does the work of `otherLogins`. What cannot be read, or is malformed, is passed over: who looks for a password there is
 * told.
 */
export async function findOtherLogins(
  host: string,
  options: DefaultCredentialsOptions,
): Promise<readonly string[]> {
  const known: string[] = [];
  for (const { file = INLINE, read } of places(options)) {
    const config = file === dockerConfigPath(options) ? undefined : await read().catch(() => undefined);
    if (config !== undefined && namesOwn(config, host)) known.push(file);
  }
  const inNetrc = await findInNetrcFile(host, options).catch(() => undefined);
  return inNetrc === undefined ? known : [...known, netrcPath(options)];
}

/** Docker's own file, which is the one that logins are written to. */
export function dockerConfigPath(options: DefaultCredentialsOptions): string {
  const { environment = process.env } = options;
  return join(environment['DOCKER_CONFIG'] || join(homeOf(options), '.docker'), 'config.json');
}

/** The folder in which files are looked for. */
function homeOf({ environment = process.env, homeDirectory }: DefaultCredentialsOptions): string {
  return homeDirectory ?? (environment['HOME'] || homedir());
}

function netrcPath(options: DefaultCredentialsOptions): string {
  const { environment = process.env } = options;
  const name = process.platform === 'win32' ? '_netrc' : '.netrc';
  return environment['NETRC'] || join(homeOf(options), name);
}

async function findInNetrcFile(
  host: string,
  options: DefaultCredentialsOptions,
): Promise<Credentials | undefined> {
  const path = netrcPath(options);
  const bytes = await readCredentialFile(path);
  return bytes && findInNetrc(bytes, path, host);
}

/** How the variable is called in messages. */
const INLINE = '$DOCKER_AUTH_CONFIG';

interface Place {
  /** Undefined for what is no file. */
  readonly file: string | undefined;
  read(): Promise<DockerConfig | undefined>;
}

function places(options: DefaultCredentialsOptions): readonly Place[] {
  const { environment = process.env } = options;
  const inline = environment['DOCKER_AUTH_CONFIG'];
  return [
    ...(inline
      ? [
          {
            file: undefined,
            read: async () => parseDockerConfig(Buffer.from(inline), INLINE),
          },
        ]
      : []),
    ...paths(options).map((file) => ({ file, read: () => readConfig(file) })),
  ];
}

function paths(options: DefaultCredentialsOptions): readonly string[] {
  const { environment = process.env } = options;
  const runtime = environment['XDG_RUNTIME_DIR'];
  const podman = environment['REGISTRY_AUTH_FILE'];
  return [
    dockerConfigPath(options),
    ...(podman ? [podman] : []),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(environment['XDG_CONFIG_HOME'] || join(homeOf(options), '.config'), 'containers', 'auth.json'),
  ];
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const bytes = await readCredentialFile(path);
  return bytes && parseDockerConfig(bytes, path);
}
