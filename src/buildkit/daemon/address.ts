import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RegistryError } from '../../registry/index.ts';
import { dockerContext } from './docker-context.ts';
import type { TlsFiles } from './tls-files.ts';

/** A builder of its own, or the one inside a Docker engine: the two are entered differently. */
export type DaemonKind = 'buildkitd' | 'docker';

/** Where a builder listens. */
export interface DaemonAddress {
  readonly kind: DaemonKind;
  /** As it was given. */
  readonly text: string;
  readonly socket: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly tls?: TlsFiles;
}

/** What an address may be told by. */
export interface AddressOptions {
  readonly address?: string;
  readonly kind?: DaemonKind;
  readonly tls?: TlsFiles;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the builder: what was asked for, else `BUILDKIT_HOST`, else what Docker's command line would use
 * (`DOCKER_CONTEXT`, `DOCKER_HOST`, the context that was chosen), else the first socket that is there.
 * @throws {RegistryError} `SETTINGS_INVALID` for an address that cannot be used.
 */
export async function findAddress(options: AddressOptions): Promise<DaemonAddress> {
  const { env = process.env, kind, tls } = options;
  const given = { ...(tls !== undefined && { tls }) };
  if (options.address !== undefined)
    return parseAddress(options.address, { ...given, ...(kind && { kind }) });
  const host = env['BUILDKIT_HOST'];
  if (host !== undefined && host !== '')
    return parseAddress(host, { ...given, kind: kind ?? 'buildkitd', from: 'BUILDKIT_HOST' });
  const docker = await dockerContext(env);
  if (docker !== undefined) {
    const { host: address, from, tls: found } = docker;
    return parseAddress(address, { ...(found && { tls: found }), ...given, kind: kind ?? 'docker', from });
  }
  const sockets = defaultSockets(env);
  const [text, defaultKind] =
    sockets.find(([path]) => existsSync(path.slice('unix://'.length))) ?? sockets[0];
  return parseAddress(text, { ...given, kind: kind ?? defaultKind });
}

/**
 * Parses an address.
 * @param about `from` is what the address was found in, for the message
 * @throws {RegistryError} `SETTINGS_INVALID`, with what is possible.
 */
export function parseAddress(
  text: string,
  about: { readonly kind?: DaemonKind; readonly tls?: TlsFiles; readonly from?: string } = {},
): DaemonAddress {
  const { tls } = about;
  const refuse = (why: string): never => {
    const where = about.from === undefined ? '' : ` (from ${about.from})`;
    throw new RegistryError('SETTINGS_INVALID', `the builder's address "${text}"${where} ${why}`);
  };
  const [, scheme, rest = ''] = /^([a-z][a-z+-]*):\/\/(.*)$/s.exec(text) ?? [];
  const kind = about.kind ?? (/docker(_engine|\.sock|\.raw\.sock)?$/.test(rest) ? 'docker' : 'buildkitd');
  switch (scheme) {
    case 'unix':
    case 'npipe':
      if (rest === '') return refuse('names no socket');
      return { kind, text, socket: { path: rest } };
    case 'tcp': {
      const secure = tls !== undefined;
      const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : refuse('is malformed');
      if (url.pathname !== '/' || url.search !== '' || url.username !== '')
        return refuse('has more than a host and a port');
      // The parser leaves out port 80, which is http's own.
      const port = Number(url.port === '' && /:80\/?$/.test(rest) ? 80 : url.port);
      if (port === 0 && kind === 'buildkitd') return refuse('has no port');
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      const at = { host, port: port || (secure ? 2376 : 2375) };
      return { kind, text, socket: at, ...(secure && { tls }) };
    }
    case 'ssh':
      return refuse(
        'needs a tunnel: ssh -nNT -L /tmp/builder.sock:/var/run/docker.sock HOST, then unix:///tmp/builder.sock',
      );
    case 'docker-container':
    case 'podman-container':
    case 'nerdctl-container':
    case 'kube-pod':
      return refuse(
        'is that of a container, which another program would have to reach: let buildkitd listen on a socket, or with certificates on a port (unix://PATH, tcp://HOST:PORT)',
      );
    default:
      return refuse('is none of unix://PATH, tcp://HOST:PORT, npipe://PATH');
  }
}

/** In the order in which they are tried. There is always a first, to name where nobody listens. */
function defaultSockets(
  env: Readonly<Record<string, string | undefined>>,
): readonly [readonly [string, DaemonKind], ...(readonly [string, DaemonKind])[]] {
  if (process.platform === 'win32') return [['npipe:////./pipe/docker_engine', 'docker']];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ['unix:///var/run/docker.sock', 'docker'],
    // Docker without root, and Docker Desktop, where the usual path was not set up.
    ...(runtime ? [[`unix://${join(runtime, 'docker.sock')}`, 'docker'] as const] : []),
    [`unix://${join(env['HOME'] || homedir(), '.docker/run/docker.sock')}`, 'docker'],
    ['unix:///run/buildkit/buildkitd.sock', 'buildkitd'],
    ...(runtime ? [[`unix://${join(runtime, 'buildkit/buildkitd.sock')}`, 'buildkitd'] as const] : []),
  ];
}
