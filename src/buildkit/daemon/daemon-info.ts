import { Code, ConnectError, type Client } from '@connectrpc/connect';
import { RegistryError } from '../../registry/index.ts';
import type { DaemonAddress, DaemonKind } from './address.ts';
import type { DaemonInfo } from './daemon.ts';
import type { Control } from '../proto/control_pb.ts';
import type { BuildkitVersion } from '../proto/worker_pb.ts';
import type { DialOptions } from './socket-node.ts';
import { tlsFailure } from './tls-failure.ts';
import type { TlsFiles } from './tls-files.ts';

/**
 * Makes sure that a builder answers.
 * @returns what it is; undefined of one before 0.11, which does not tell
 * @throws {RegistryError} `UNAVAILABLE`, `UNSUPPORTED`.
 */
export async function greet(
  control: Client<typeof Control>,
  { text, kind, tls }: DaemonAddress,
  { timeout, signal }: DialOptions,
): Promise<BuildkitVersion | undefined> {
  const options = { timeoutMs: timeout, ...(signal !== undefined && { signal }) };
  try {
    return (await control.info({}, options)).buildkitVersion;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (code === Code.Unimplemented && (await hasWorkers(control, options))) return undefined;
    // With TLS 1.3 a builder says what it thinks of our certificate after we have begun to speak.
    const refused = tls === undefined ? undefined : tlsFailure(rawMessage);
    if (refused !== undefined)
      throw new RegistryError('UNAVAILABLE', `no way to the builder at ${text}: ${refused}`, {
        cause: error,
      });
    const advice = kind === 'buildkitd' ? adviceFor(text, tls) : '';
    throw code === Code.Unimplemented
      ? new RegistryError('UNSUPPORTED', `what listens at ${text} is no builder${advice}`, { cause: error })
      : new RegistryError('UNAVAILABLE', `${text} does not answer as a builder (${rawMessage})${advice}`, {
          cause: error,
        });
  }
}

/** What may be meant by what does not answer as a builder of its own. */
function adviceFor(address: string, tls: TlsFiles | undefined): string {
  const mayWantTls = tls === undefined && address.startsWith('tcp:');
  return `; ${mayWantTls ? 'it may want TLS, with certificates; ' : ''}a Docker engine is named with DOCKER_HOST`;
}

async function hasWorkers(
  control: Client<typeof Control>,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<boolean> {
  try {
    await control.listWorkers({}, options);
    return true;
  } catch {
    return false;
  }
}

/** The label of workers that keep images with containerd. */
const SNAPSHOTTER = 'org.mobyproject.buildkit.worker.snapshotter';

/** What a builder tells of itself. The first of its workers is the one that builds unless another is asked for. */
export async function daemonInfo(
  control: Client<typeof Control>,
  { version, kind }: { readonly version: BuildkitVersion | undefined; readonly kind: DaemonKind },
  signal: AbortSignal,
): Promise<DaemonInfo> {
  const { record } = await control.listWorkers({}, { signal });
  const worker = record[0];
  const platforms = (worker?.platforms ?? []).map(({ os, architecture, variant }) =>
    [os, architecture, variant].filter((part) => part !== '').join('/'),
  );
  return {
    version: (version ?? worker?.buildkitVersion)?.version ?? '',
    revision: (version ?? worker?.buildkitVersion)?.revision ?? '',
    platforms: [...new Set(platforms)],
    // buildx goes by the same label.
    imageStore: kind === 'docker' && worker?.labels[SNAPSHOTTER] === undefined ? 'graphdriver' : 'containerd',
    labels: worker?.labels ?? {},
  };
}
