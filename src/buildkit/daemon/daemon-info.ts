import { Code, ConnectError, type Client } from '@connectrpc/connect';
import { RegistryError } from '../../registry/index.ts';
import type { DaemonAddress } from './address.ts';
import type { DaemonInfo } from './daemon.ts';
import type { Control } from '../proto/control_pb.ts';
import type { BuildkitVersion } from '../proto/worker_pb.ts';
import type { DialOptions } from './socket-node.ts';

/**
 * Makes sure that a builder answers.
 * @returns what it is; undefined of one before 0.11, which does not tell
 * @throws {RegistryError} `UNAVAILABLE`, `UNSUPPORTED`.
 */
export async function greet(
  control: Client<typeof Control>,
  { text, kind }: DaemonAddress,
  { timeout, signal }: DialOptions,
): Promise<BuildkitVersion | undefined> {
  const options = { timeoutMs: timeout, ...(signal !== undefined && { signal }) };
  try {
    return (await control.info({}, options)).buildkitVersion;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (code === Code.Unimplemented && (await hasWorkers(control, options))) return undefined;
    const advice = kind === 'buildkitd' ? '; a Docker engine is named with DOCKER_HOST' : '';
    throw code === Code.Unimplemented
      ? new RegistryError('UNSUPPORTED', `what listens at ${text} is no builder${advice}`, { cause: error })
      : new RegistryError('UNAVAILABLE', `${text} does not answer as a builder (${rawMessage})${advice}`, {
          cause: error,
        });
  }
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

/** What a builder tells of itself. The first of its workers is the one that builds unless another is asked for. */
export async function daemonInfo(
  control: Client<typeof Control>,
  version: BuildkitVersion | undefined,
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
    labels: worker?.labels ?? {},
  };
}
