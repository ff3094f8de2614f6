import { spawn } from 'node:child_process';
import { archNamespaces, catTemplate, readSourceEntry, type SourceEntry } from '../../builds/index.ts';
import type { Context } from '../context.ts';
import { documentsIn } from '../documents-in.ts';

/** There is no bashbrew on the PATH. */
export class NoBashbrew extends Error {
  override readonly name = 'NoBashbrew';
  override readonly message: string =
    'reading library files takes bashbrew, which is not on the PATH: https://github.com/docker-library/bashbrew has it; ' +
    'what it printed elsewhere is taken with --entries';
}

/**
 * Has bashbrew read library files, and gives what it prints: each source for each architecture, in the order in which
 * they are to be built.
 * @param names of library files, with or without a tag; all of them, if there are none
 * @param computed whether to find out what takes the files of the sources
 * @throws {NoBashbrew}
 * @throws {Error} when it fails; what it says is on standard error by then.
 */
export async function* askBashbrew(
  { process, signal }: Context,
  names: readonly string[],
  computed: boolean,
): AsyncGenerator<SourceEntry> {
  const words = ['cat', '--build-order', '--format', catTemplate(computed)];
  const bashbrew = spawn('bashbrew', [...words, ...(names.length > 0 ? names : ['--all'])], {
    env: { BASHBREW_ARCH_NAMESPACES: archNamespaces, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    bashbrew.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new NoBashbrew() : error),
    );
    bashbrew.on('close', (code, by) => resolve(code ?? by));
  });
  // It is looked at below, after the output; until then, nobody is to be told that nobody looks.
  ended.catch(() => {});
  bashbrew.stderr.on('data', (text: Buffer) => process.stderr.write(text.toString()));
  try {
    yield* documentsIn(bashbrew.stdout, (document) => readSourceEntry(document));
  } catch (error) {
    // A document that is cut short is the lesser news if it was bashbrew that broke off.
    if (bashbrew.stdout.readableEnded) await succeeded(ended);
    throw error;
  } finally {
    bashbrew.kill();
  }
  await succeeded(ended);
}

async function succeeded(ended: Promise<number | NodeJS.Signals | null>): Promise<void> {
  const code = await ended;
  if (code !== 0)
    throw new Error(`bashbrew failed (${typeof code === 'number' ? `exit code ${code}` : code})`);
}
