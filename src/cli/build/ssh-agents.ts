import type { SshAgent } from '../../buildkit/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Context } from '../context.ts';

/**
 * Reads `default|ID[=SOCKET]` as Docker's command line takes it; without a socket it is that of `$SSH_AUTH_SOCK`.
 * @throws {Invalid} subject `context`, if that names no agent, or more than one.
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#ssh
 */
export function sshAgentOf({ process: { env } }: Context, text: string): SshAgent {
  const refuse = (why: string): never => {
    throw new Invalid('context', `--ssh ${printable(text, 200)}: ${why}`);
  };
  const [, id = '', paths = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
  if (paths.includes(',')) return refuse('one agent has one socket; add keys to the agent with ssh-add');
  const socket = paths || env['SSH_AUTH_SOCK'] || '';
  if (socket === '') return refuse('no agent is running: SSH_AUTH_SOCK is not set');
  return { id: id || 'default', socket };
}
