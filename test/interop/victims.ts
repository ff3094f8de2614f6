import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Stage } from './stage.ts';

/** A process of ours that goes on until it is killed. */
export interface Victim {
  /** Its first line; or its end. */
  readonly begun: Promise<unknown>;
  /** Kills it, which must not have ended by itself, and waits until all that it said was heard. */
  kill(): Promise<void>;
  /** The same at a random moment after its first line. @param life how long it lives at the most, in milliseconds */
  killWithin(life: number): Promise<void>;
}

/**
 * Starts a program as a process of its own, which is killed in the end in any case.
 * @param hear is told each line that it says
 */
export function startVictim(
  stage: Stage,
  program: string,
  words: readonly string[],
  hear: (line: string) => void,
): Victim {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  stage.onClose(async () => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  lines.on('line', hear);
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  const begun = Promise.race([once(lines, 'line'), ended]);
  const kill = async (): Promise<void> => {
    expect(child.exitCode, `${words.join(' ')} ended by itself`).toBeNull();
    child.kill('SIGKILL');
    await ended;
  };
  return {
    begun,
    kill,
    async killWithin(life) {
      await begun;
      await sleep(Math.random() * life);
      await kill();
    },
  };
}
