import type { Context } from '../../src/cli/context.ts';
import { runIn } from '../../src/cli/run.ts';

/** What a command printed, and what it told the shell. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Is called with each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs the command line in this process, with a process of its own as far as it can tell. */
export async function stowage(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { signal = new AbortController().signal, onOutput } = options;
  const printed = { stdout: '', stderr: '' };
  const process: Context['process'] = {
    stdout: {
      write: (text: string) => {
        printed.stdout += text;
        onOutput?.(text);
      },
    },
    stderr: { write: (text: string) => void (printed.stderr += text) },
    // Nobody's credentials.
    env: { HOME: '/nowhere', DOCKER_CONFIG: '/nowhere' },
    exitCode: null,
  };
  await runIn({ process, signal }, args);
  return { ...printed, code: Number(process.exitCode ?? 0) };
}
