import type { Attachable } from '../session/attachable.ts';
import type { SshAgent } from './ssh-agent.ts';

/**
 * Lets steps of a build talk to agents for SSH on this machine. Each connection of a step is one to the agent; whichever
 * side has said all it has to say may still listen.
 * @see https://github.com/moby/buildkit/blob/master/session/sshforward/ssh.proto
 */
export function sshService(agents: readonly SshAgent[]): Attachable {
  return async (router) => {
    const { sshRoutes } = await import('./ssh-routes.ts');
    sshRoutes(router, agents);
  };
}
