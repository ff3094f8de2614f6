import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ProcessOptions {
  /** On top of our own environment; undefined takes away. */
  readonly env?: Readonly<Partial<Record<string, string>>>;
  readonly cwd?: string;
}

/** How a process ended. */
export interface Ending {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** Waits for a line, on standard output or error. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  kill(signal: NodeJS.Signals): void;
}

const alive = new Set<ChildProcess>();
// Should the test runner end in the middle, nothing of ours stays behind.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts a program that goes on for a while. */
export function start(command: string, args: readonly string[], options: ProcessOptions = {}): Running {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...quiet, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  alive.add(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const output = { stdout: '', stderr: '' };
  const wake = (): void => {
    for (const look of waiting) look();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
    createInterface(child[name]).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  let over = false;
  const ended = new Promise<Ending>((done, fail) => {
    child.once('error', (error) => {
      alive.delete(child);
      fail(error);
    });
    child.once('close', (code, signal) => {
      alive.delete(child);
      over = true;
      done({ code: code ?? undefined, signal: signal ?? undefined, ...output });
      wake();
    });
  });
  // Who does not wait for the end does not want to hear of it.
  ended.catch(() => {});
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    line: (pattern) =>
      new Promise((done, fail) => {
        const look = (): void => {
          const match = lines.map((line) => line.match(pattern)).find((found) => found !== null);
          if (match == null && !over) return;
          waiting.delete(look);
          if (match == null) fail(new Error(`${command} ended without ${pattern}:\n${lines.join('\n')}`));
          else done(match);
        };
        waiting.add(look);
        look();
        child.once('error', fail);
      }),
  };
}

/** What a program printed that ran to its end, however it ended. Hangs are failures: it has 60 s unless told. */
export async function attempt(
  command: string,
  args: readonly string[],
  { timeout = 60_000, ...options }: ProcessOptions & { readonly timeout?: number } = {},
): Promise<Ending> {
  const running = start(command, args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    running.kill('SIGKILL');
  }, timeout);
  try {
    const ending = await running.ended;
    if (late) throw new Error(`${describe(command, args)} did not end in ${timeout} ms:\n${printed(ending)}`);
    return ending;
  } finally {
    clearTimeout(timer);
  }
}

/** The standard output of a program that has to succeed. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { readonly timeout?: number } = {},
): Promise<string> {
  const ending = await attempt(command, args, options);
  if (ending.code !== 0)
    throw new Error(
      `${describe(command, args)} ended with ${ending.code ?? ending.signal}:\n${printed(ending)}`,
    );
  return ending.stdout;
}

/** Peers print no colours; Node starts faster without the certificates of its surroundings. */
const quiet: Readonly<Partial<Record<string, string>>> = {
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  NODE_OPTIONS: undefined,
  NODE_EXTRA_CA_CERTS: undefined,
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  http_proxy: undefined,
  https_proxy: undefined,
};

function describe(command: string, args: readonly string[]): string {
  return [command, ...args].join(' ');
}

function printed({ stdout, stderr }: Ending): string {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-30).join('\n');
}
