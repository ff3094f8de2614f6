import type { Context } from '../../src/cli/context.ts';

/** A process whose standard error is kept, and whose terminal shows what a terminal would. */
export interface Watched {
  readonly context: Context;
  /** All that was written. */
  readonly written: string;
  /** The lines that stand on the terminal now. */
  readonly screen: readonly string[];
}

/** @param terminal how wide it is; without, lines go to a pipe */
export function watched(
  terminal?: number,
  env: Readonly<Record<string, string>> = {},
  { toTerminal = false }: { readonly toTerminal?: boolean } = {},
): Watched {
  let written = '';
  const write = (text: string): void => void (written += text);
  const tty = terminal === undefined ? {} : { isTTY: true, columns: terminal };
  const process: Context['process'] = {
    stdout: { write: toTerminal ? write : () => {}, ...(toTerminal && tty) },
    stderr: { write, ...tty },
    env,
    exitCode: null,
  };
  return {
    context: { process, signal: new AbortController().signal },
    get written() {
      return written;
    },
    get screen() {
      return shown(written);
    },
  };
}

/** What a terminal makes of a text: it knows the start of a line, the next line, and how to erase the rest of one. */
function shown(text: string): readonly string[] {
  const lines = [''];
  let at = 0;
  // One character for the code that erases.
  for (const [piece] of text.replaceAll('\u001b[K', '\u2326').matchAll(/[\r\n\u2326]|[^\r\n\u2326]+/g)) {
    const line = lines.at(-1) ?? '';
    if (piece === '\r') at = 0;
    else if (piece === '\n') {
      lines.push('');
      at = 0;
    } else if (piece === '\u2326') lines[lines.length - 1] = line.slice(0, at);
    else {
      lines[lines.length - 1] = line.slice(0, at) + piece + line.slice(at + piece.length);
      at += piece.length;
    }
  }
  return lines;
}
