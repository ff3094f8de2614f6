import type { Readable } from 'node:stream';
import type { CommandContext, StricliProcess } from '@stricli/core';

/** What a command may touch of the process that it runs in. */
export interface Context extends CommandContext {
  readonly process: StricliProcess & {
    readonly env: Readonly<Partial<Record<string, string>>>;
    /** Standard input, which may be a terminal. Nothing comes in unless there is one. */
    readonly stdin?: Readable & { readonly isTTY?: boolean };
  };
  /** Fires when the user wants it to end. */
  readonly signal: AbortSignal;
}

/** A line for programs: the result. */
export function print(context: Context, line: string): void {
  context.process.stdout.write(`${line}\n`);
}

/** A line for people. */
export function say(context: Context, line: string): void {
  context.process.stderr.write(`${line}\n`);
}
