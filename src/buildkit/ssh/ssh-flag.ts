import { stat } from 'node:fs/promises';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';

/** An agent by the name that `RUN --mount=type=ssh,id=…` has for it. */
export interface SshAgent {
  readonly id: string;
  /** The path of the agent's socket; on Windows, of its pipe. */
  readonly socket: string;
}

/** What a step asks for that names none. */
export const DEFAULT_AGENT = 'default';

/**
 * Reads `default|ID[=SOCKET]` as Docker's command line takes it; without a socket it is that of `$SSH_AUTH_SOCK`.
 * Docker's takes files of keys too, and is an agent for them itself. Here an agent has to have them: keys stay out of this
 * process.
 * @throws {RegistryError} `SETTINGS_INVALID`, if there is no agent; for a file of a key with what to do instead.
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#ssh
 */
export async function parseSshFlag(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<SshAgent> {
  const equals = text.indexOf('=');
  const id = (equals < 0 ? text : text.slice(0, equals)) || DEFAULT_AGENT;
  const paths = equals < 0 ? [] : text.slice(equals + 1).split(',');
  if (paths.length > 1) throw invalid(text, 'one agent has one socket; add keys to the agent with ssh-add');
  const socket = paths[0] || environment['SSH_AUTH_SOCK'] || '';
  if (socket === '') throw invalid(text, 'no agent is running: SSH_AUTH_SOCK is not set');
  await checkSocket(text, socket);
  return { id, socket };
}

async function checkSocket(text: string, socket: string): Promise<void> {
  // Pipes of Windows are in no folder that could be looked at.
  if (process.platform === 'win32') return;
  const found = await stat(socket).catch((error: unknown) => {
    throw invalid(text, `${printable(socket, 300)} is not there`, error);
  });
  if (found.isSocket()) return;
  const advice = `eval "$(ssh-agent)"; ssh-add ${printable(socket, 300)}; then give it as ${text.split('=', 1)[0]}`;
  throw invalid(
    text,
    `${printable(socket, 300)} is not the socket of an agent. If it is a key, run an agent for it: ${advice}`,
  );
}

function invalid(text: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('SETTINGS_INVALID', `not an agent for SSH: "${printable(text, 200)}": ${why}`, {
    cause,
  });
}
