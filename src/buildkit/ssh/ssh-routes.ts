import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { metadataOf } from '../files/metadata.ts';
import { SSH } from '../proto/ssh_pb.ts';
import { DEFAULT_AGENT, type SshAgent } from './ssh-agent.ts';

/** How long an agent may take to answer the door, in milliseconds. */
const PATIENCE = 2000;

/** Registers the service; see `sshService`. */
export function sshRoutes(router: ConnectRouter, agents: readonly SshAgent[]): void {
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  const agentOf = (id: string): SshAgent => {
    const agent = byId.get(id || DEFAULT_AGENT);
    if (agent === undefined)
      throw new ConnectError(`unset ssh forward key ${id || DEFAULT_AGENT}`, Code.NotFound);
    return agent;
  };
  router.service(SSH, {
    checkAgent({ id }) {
      agentOf(id);
      return {};
    },
    async *forwardAgent(messages, context) {
      const agent = agentOf(metadataOf(context, 'buildkit.ssh.id')[0] ?? '');
      const socket = await dial(agent);
      const hangUp = (): void => void socket.destroy();
      context.signal.addEventListener('abort', hangUp, { once: true });
      const forwarding = forward(messages, socket);
      try {
        for await (const data of socket as AsyncIterable<Uint8Array>) yield { data };
      } catch (error) {
        if (!context.signal.aborted) throw broken(agent, error);
      } finally {
        context.signal.removeEventListener('abort', hangUp);
        socket.destroy();
        void forwarding;
      }
    },
  });
}

async function dial(agent: SshAgent): Promise<Socket> {
  const socket = connect({ path: agent.socket });
  const late = setTimeout(() => socket.destroy(new Error('it does not answer')), PATIENCE);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    throw broken(agent, error);
  } finally {
    clearTimeout(late);
  }
}

/** What the step says, to the agent. Never fails: that the socket broke is told by reading from it. */
async function forward(
  messages: AsyncIterable<{ readonly data: Uint8Array }>,
  socket: Socket,
): Promise<void> {
  try {
    for await (const { data } of messages) if (!socket.write(data)) await once(socket, 'drain');
    socket.end();
  } catch {
    socket.destroy();
  }
}

function broken({ id, socket }: SshAgent, error: unknown): ConnectError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConnectError(`the agent for SSH ${id} at ${socket}: ${reason}`, Code.Unavailable);
}
