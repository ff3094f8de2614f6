import { setMaxListeners } from 'node:events';
import { run } from '@stricli/core';
import { application } from './application.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { encodeLookupFlags } from './lookup/words.ts';

/** Runs one command line; the exit code is left in the context's process. */
export async function runIn(context: Context, words: readonly string[]): Promise<void> {
  // Every request that is under way listens to it, and Node would take many for a leak.
  setMaxListeners(0, context.signal);
  await run(application, encodeLookupFlags(words), context);
  const { process } = context;
  // The parser has codes of its own, all negative, for what it does not understand.
  if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = exitCodes.usage;
}

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  const ending = new AbortController();
  let ended: number | undefined;
  const end = (signal: NodeJS.Signals): void => {
    // The second time is not a request any more.
    if (ended !== undefined) process.exit(ended);
    ended = signal === 'SIGINT' ? exitCodes.interrupted : 128 + 15;
    ending.abort(new Error(`ended by ${signal}`));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // Who reads our output may stop doing so: `stowage lookup … | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    process.stderr.write(`stowage: the result cannot be written: ${error.message}\n`);
    process.exit(exitCodes.error);
  });
  await runIn({ process: process as Context['process'], signal: ending.signal }, process.argv.slice(2));
  // Shells know a command that was ended in the middle by this.
  if (ended !== undefined && process.exitCode === exitCodes.error) process.exitCode = ended;
  process.off('SIGINT', end);
  process.off('SIGTERM', end);
}
