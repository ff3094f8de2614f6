import { createInterface } from 'node:readline';
import { addAbortSignal, Readable, Writable } from 'node:stream';
import type { Context } from '../context.ts';

/** Longer passwords than this, in bytes, are some other file. */
const LONGEST = 64 * 1024;

/**
 * Reads a password from standard input to its end, without the end of its line.
 * @throws {SyntaxError} where there is none, or it is longer than 64 KiB.
 */
export async function readPassword(stdin: Readable | undefined, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, stdin ?? Readable.from([]))) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > LONGEST)
      throw new SyntaxError(`standard input has more than ${LONGEST} bytes, not a password`);
    chunks.push(bytes);
  }
  const password = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '') throw new SyntaxError('there is no password on standard input');
  return password;
}

/** Somebody who has a password. */
export interface User {
  readonly username: string;
  readonly password: string;
}

/**
 * Asks on a terminal for a user name, if none is known, and for a password, which is not shown.
 * @returns `interrupted` where the user presses Control-C, which is no signal while keys are read one by one
 * @throws {SyntaxError} where the input ends instead; the reason of the context's signal.
 */
export function askLogin(
  { process: { stderr }, signal }: Context,
  terminal: Readable,
  known: string | undefined,
): Promise<User | 'interrupted'> {
  let username = known;
  // What is typed is shown by readline, by writing it here.
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (username === undefined) stderr.write(chunk.toString('utf8'));
      done();
    },
  });
  const lines = createInterface({
    input: terminal,
    output,
    prompt: 'User name: ',
    terminal: true,
    historySize: 0,
    signal,
  });
  if (username === undefined) lines.prompt();
  else stderr.write('Password: ');
  return new Promise((resolve, reject) => {
    // Not by questions one after the other: what was pasted at once comes at once, and the password must not be shown.
    lines.on('line', (line) => {
      if (username !== undefined) {
        resolve({ username, password: line });
        lines.close();
        return;
      }
      username = line;
      stderr.write('Password: ');
    });
    lines.on('SIGINT', () => {
      resolve('interrupted');
      lines.close();
    });
    lines.on('close', () => {
      stderr.write('\n');
      reject(signal.aborted ? (signal.reason as Error) : new SyntaxError('no password was entered'));
    });
  });
}
