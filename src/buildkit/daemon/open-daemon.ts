import type { Daemon, OpenDaemonOptions } from './daemon.ts';
import { withPeers } from '../peers.ts';

/**
 * Connects to a builder. Needs the packages @connectrpc/connect, @connectrpc/connect-node and @bufbuild/protobuf.
 * @throws {RegistryError} `SETTINGS_INVALID` for an address that cannot be used, `UNAVAILABLE` and `DENIED` if there is
 *   no way in, `UNSUPPORTED` if what listens there does not build with BuildKit, or if a package is not installed.
 */
export async function openDaemon(options: OpenDaemonOptions = {}): Promise<Daemon> {
  const { connectDaemon } = await withPeers(() => import('./connect-daemon.ts'));
  return connectDaemon(options);
}
