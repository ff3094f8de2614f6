import { spawn } from 'node:child_process';
import { printable } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';

/** How long a helper may take, in milliseconds: it may have to ask the user to unlock something. */
const PATIENCE = 30_000;
/** How much it may say, in bytes. */
const LOUDEST = 64 * 1024;

/** Who asks. */
export interface HelperContext {
  /** The file and its key, for messages. */
  readonly where: string;
  /** Has the `PATH` that the helper is looked for in, and is handed to it. */
  readonly environment: NodeJS.ProcessEnv;
  /** In milliseconds; 30,000 unless told. */
  readonly timeout?: number;
}

/** What a helper is to do. */
export interface HelperTask {
  readonly action: 'get' | 'store' | 'erase';
  /** As the helper knows it: a host, or `https://index.docker.io/v1/` for Docker Hub. */
  readonly server: string;
  /** What it reads on its standard input. */
  readonly input: string;
}

/** What it printed; or that it knows nobody; or that there is no such program. */
export type HelperOutcome = { readonly output: Buffer } | 'none' | 'missing';

const SAID = {
  get: 'when asked for',
  store: 'when given the login for',
  erase: 'when told to erase',
} as const;

/**
 * Runs `docker-credential-NAME`, without a shell, for a limited time.
 * Nothing that a helper prints gets into an error: where it fails, that may be the secret.
 * @throws {RegistryError} `CREDENTIALS_INVALID` with file, key and helper.
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function runHelper(
  name: string,
  task: HelperTask,
  context: HelperContext,
): Promise<HelperOutcome> {
  if (name.length > 100 || !/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new RegistryError(
      'CREDENTIALS_INVALID',
      `${context.where}: "${printable(name)}" cannot be the name of a helper`,
    );
  }
  const invalid = (why: string): RegistryError => helperFailed(name, task, context, why);
  const { output, end } = await converse(name, task, context).catch((error: NodeJS.ErrnoException) => {
    throw invalid(`could not be started (${error.code ?? 'unknown'})`);
  });
  if (end === 'ENOENT') return 'missing';
  if (end === 'late') throw invalid(`did not answer within ${(context.timeout ?? PATIENCE) / 1000} s`);
  if (end === 'loud') throw invalid(`printed more than ${LOUDEST} bytes`);
  if (typeof end === 'string') throw invalid(`did not come to its end (${end})`);
  // The one thing that all helpers agree to say when they know nobody.
  if (end !== 0 && output.toString('utf8').includes('credentials not found in native keychain'))
    return 'none';
  if (end !== 0) throw invalid(`failed with exit status ${end}`);
  return { output };
}

/** The error for a helper that did not do what it should. */
export function helperFailed(
  name: string,
  { action, server }: HelperTask,
  { where }: HelperContext,
  why: string,
): RegistryError {
  return new RegistryError(
    'CREDENTIALS_INVALID',
    `${where}: docker-credential-${name} ${why}, ${SAID[action]} ${printable(server)}`,
  );
}

interface Conversation {
  readonly output: Buffer;
  /** The exit status; or the signal, or the system's code if it did not start; or why we ended it. */
  readonly end: number | string;
}

function converse(
  name: string,
  { action, input }: HelperTask,
  { environment, timeout = PATIENCE }: HelperContext,
): Promise<Conversation> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    // No shell. What it prints on stderr may be a secret as well, and nobody would read it.
    const child = spawn(`docker-credential-${name}`, [action], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const finish = (end: number | string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A grandchild may hold the pipe open for ever.
      child.stdout.destroy();
      resolve({ output: Buffer.concat(chunks), end });
    };
    const timer = setTimeout(() => finish('late'), timeout);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LOUDEST) finish('loud');
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'unknown'));
    child.on('close', (code, signal) => finish(code ?? signal ?? 'unknown'));
    // It may end without listening.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
