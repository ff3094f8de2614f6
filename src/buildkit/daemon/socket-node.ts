import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import { RegistryError } from '../../registry/index.ts';
import type { DaemonAddress } from './address.ts';
import { reasonOf, tlsFailure } from './tls-failure.ts';
import type { TlsFiles } from './tls-files.ts';

/** How to wait for a connection. */
export interface DialOptions {
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/**
 * Connects to a builder's socket.
 * @throws {RegistryError} `UNAVAILABLE`, `DENIED`; `SETTINGS_INVALID` for certificates that cannot be used.
 */
export async function dial(address: DaemonAddress, { timeout, signal }: DialOptions): Promise<Socket> {
  signal?.throwIfAborted();
  const { socket: at, tls } = address;
  const secure = tls === undefined ? undefined : await certificates(tls);
  const socket =
    secure === undefined || 'path' in at
      ? connect(at)
      : connectTls({
          ...at,
          ...secure,
          servername: tls?.serverName ?? (isIP(at.host) === 0 ? at.host : ''),
          // Newer builders close a connection on which HTTP/2 was not agreed.
          ...(address.kind === 'buildkitd' && { ALPNProtocols: ['h2'] }),
        });
  const waiting = new AbortController();
  const ended = AbortSignal.any([waiting.signal, AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(secure === undefined || 'path' in at ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
      ended.addEventListener('abort', () => reject(ended.reason as Error), { once: true });
    });
    // Calls are small, and wait for each other.
    return socket.setNoDelay(true);
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw noWayIn(error, address, timeout);
  } finally {
    waiting.abort();
    // What befalls it later is told to who speaks on it.
    socket.on('error', () => undefined);
  }
}

export interface UpgradeOptions extends DialOptions {
  readonly address: DaemonAddress;
  /** Beside those that ask for it: by their names, all values of each. */
  readonly headers?: Readonly<Record<string, string[]>>;
}

/**
 * Turns a connection to a Docker engine into one to its builder.
 * @param path `/grpc` for the control of the builder, `/session` for a session
 * @returns the same socket, on which HTTP/2 is spoken from now on
 * @throws {RegistryError} `UNSUPPORTED`, if it does not build with BuildKit; `UNAVAILABLE`.
 */
export async function upgrade(
  socket: Socket,
  path: string,
  { address, headers, timeout, signal }: UpgradeOptions,
): Promise<Socket> {
  const waiting = new AbortController();
  const ended = AbortSignal.any([waiting.signal, AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const asked = request({
        createConnection: () => socket,
        method: 'POST',
        path,
        headers: { ...headers, host: 'docker', connection: 'Upgrade', upgrade: 'h2c' },
      });
      asked.once('upgrade', (_response, upgraded, head) => {
        if (head.length > 0) upgraded.unshift(head);
        resolve(upgraded);
      });
      asked.once('response', (response) => {
        const said =
          `POST ${path} was answered with ${response.statusCode} ${response.statusMessage ?? ''}`.trim();
        // So Go's servers answer what does not speak TLS where they do.
        const mayWantTls =
          response.statusCode === 400 && address.tls === undefined && 'host' in address.socket;
        const advice = mayWantTls
          ? 'it may want TLS, with certificates'
          : 'it takes a Docker engine from 18.09 on';
        const why = `${address.text} does not build with BuildKit: ${said}; ${advice}`;
        reject(new RegistryError('UNSUPPORTED', why, { status: response.statusCode ?? 0, method: 'POST' }));
      });
      asked.once('error', reject);
      ended.addEventListener('abort', () => reject(ended.reason as Error), { once: true });
      asked.end();
    });
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    if (error instanceof RegistryError) throw error;
    throw noWayIn(error, address, timeout);
  } finally {
    waiting.abort();
  }
}

async function certificates(tls: TlsFiles): Promise<ConnectionOptions> {
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new RegistryError(
      'SETTINGS_INVALID',
      'a certificate for the builder needs its key, and the other way round',
    );
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      const why = `${path} cannot be read: ${(error as Error).message}`;
      throw new RegistryError('SETTINGS_INVALID', why, { cause: error });
    }
  };
  const found = {
    ...(tls.ca !== undefined && { ca: await read(tls.ca) }),
    ...(tls.cert !== undefined && { cert: await read(tls.cert) }),
    ...(tls.key !== undefined && { key: await read(tls.key) }),
  };
  try {
    return { secureContext: createSecureContext(found) };
  } catch (error) {
    const why = `the certificates for the builder cannot be used (${Object.values(tls).join(', ')}): ${reasonOf((error as Error).message)}`;
    throw new RegistryError('SETTINGS_INVALID', why, { cause: error });
  }
}

/** What to say of a connection that did not come about. */
function noWayIn(error: unknown, { text, kind, tls }: DaemonAddress, timeout: number): RegistryError {
  const { code, message, name } = error as NodeJS.ErrnoException;
  const start =
    kind === 'docker'
      ? 'start Docker, or name a builder with BUILDKIT_HOST or DOCKER_HOST'
      : 'start buildkitd, or correct BUILDKIT_HOST';
  const told = (why: string, as: 'UNAVAILABLE' | 'DENIED' = 'UNAVAILABLE'): RegistryError =>
    new RegistryError(as, `no way to the builder at ${text}: ${why}`, { cause: error });
  if (name === 'TimeoutError') return told(`no answer within ${timeout / 1000} s`);
  switch (code) {
    case 'ENOENT':
      return told(`there is no such socket; ${start}`);
    case 'ECONNREFUSED':
      return told(`nobody listens there; ${start}`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return told('its host is not known');
    case 'EACCES':
    case 'EPERM':
      return told(
        kind === 'docker'
          ? 'permission denied; join the group docker (sudo usermod -aG docker $USER, then log in anew), or run as root'
          : 'permission denied; run as root, or let buildkitd give its socket to your group (buildkitd --group)',
        'DENIED',
      );
    case 'ECONNRESET':
      return told(
        tls === undefined && text.startsWith('tcp:')
          ? 'the connection was closed; it may want TLS'
          : 'the connection was closed',
      );
    default:
      return told(tls === undefined ? message : `TLS failed: ${tlsFailure(message) ?? message}`);
  }
}
