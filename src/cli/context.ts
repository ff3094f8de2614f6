import type { Readable } from 'node:stream';
import type { CommandContext, StricliProcess } from '@stricli/core';

/** What a command may touch of the process that it runs in. */
export interface Context extends CommandContext {
  readonly process: StricliProcess & {
    readonly env: Readonly<Partial<Record<string, string>>>;
    /** Standard input, which may be a terminal. Nothing comes in unless there is one. */
    readonly stdin?: Readable & { readonly isTTY?: boolean };
    readonly stdout: Output;
    readonly stderr: Output;
  };
  /** Fires when the user wants it to end. */
  readonly signal: AbortSignal;
}

/** Where lines go, which may be a terminal. */
export interface Output {
  readonly isTTY?: boolean;
  /** How wide the terminal is now, in characters. */
  readonly columns?: number;
  /** And how high, in lines. */
  readonly rows?: number;
}

/** A last line on the terminal that is not ended, and changes: a bar. */
export interface StandingLine {
  clear(): void;
  draw(): void;
}

/** The one that stands in each process now, if there is one. */
const standing = new WeakMap<Context['process'], StandingLine>();

/** Has a line stand below all that is written, or no more. */
export function stand({ process }: Context, line: StandingLine | undefined): void {
  if (line === undefined) standing.delete(process);
  else standing.set(process, line);
}

/** A line for programs: the result. */
export function print({ process }: Context, line: string): void {
  // Elsewhere than on the terminal, nothing stands in its way.
  const below = process.stdout.isTTY === true ? standing.get(process) : undefined;
  below?.clear();
  process.stdout.write(`${line}\n`);
  below?.draw();
}

/** A line for people. */
export function say({ process }: Context, line: string): void {
  const below = standing.get(process);
  below?.clear();
  process.stderr.write(`${line}\n`);
  below?.draw();
}
