import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';
import type { Context } from '../../src/cli/context.ts';
import { runIn } from '../../src/cli/run.ts';

/** What the commands of a test file leave behind for one another. */
const cache = mkdtempSync(join(tmpdir(), 'stowage-cli-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

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
  /** What comes in on standard input: all of it, or a stream that may be a terminal. Nothing unless told. */
  readonly input?: string | NonNullable<Context['process']['stdin']>;
  /** Beside those that keep it away from the surroundings of whoever runs the tests. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the command line in this process, with a process of its own as far as it can tell. */
export async function stowage(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { signal = new AbortController().signal, onOutput, environment, input = '' } = options;
  const printed = { stdout: '', stderr: '' };
  const process: Context['process'] = {
    stdout: {
      write: (text: string) => {
        printed.stdout += text;
        onOutput?.(text);
      },
    },
    stderr: { write: (text: string) => void (printed.stderr += text) },
    stdin: typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input,
    // Nobody's credentials.
    env: { HOME: '/nowhere', DOCKER_CONFIG: '/nowhere', STOWAGE_CACHE: cache, ...environment },
    exitCode: null,
  };
  await runIn({ process, signal }, args);
  return { ...printed, code: Number(process.exitCode ?? 0) };
}
