import { stat } from 'node:fs/promises';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { SshAgent } from './ssh-agent.ts';

/**
 * Looks whether agents are there, before a build begins that would fail late.
 * @throws {RegistryError} `SETTINGS_INVALID`; for the file of a key with what to do instead.
 */
export async function checkAgents(agents: readonly SshAgent[]): Promise<void> {
  // Pipes of Windows are in no folder that could be looked at.
  if (process.platform === 'win32') return;
  for (const { id, socket } of agents) {
    const place = printable(socket, 300);
    const found = await stat(socket).catch((error: unknown) => {
      throw refused(id, `${place} is not there`, error);
    });
    if (found.isSocket()) continue;
    // Docker's own client is an agent for files of keys by itself. Here keys stay out of this process.
    const advice = `eval "$(ssh-agent)"; ssh-add ${place}; then name no file`;
    throw refused(
      id,
      `${place} is not the socket of an agent. If it is a key, run an agent for it: ${advice}`,
    );
  }
}

function refused(id: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('SETTINGS_INVALID', `agent for SSH ${printable(id, 100)}: ${why}`, { cause });
}
