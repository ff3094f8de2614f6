import { spawn } from 'node:child_process';
import { printable } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import { sameHost } from './credential-key.ts';
import { fromLogin, type Credentials } from './login.ts';
import { parseSecretObject } from './secret-json.ts';

/** How long a helper may take, in milliseconds: it may have to ask the user to unlock something. */
const PATIENCE = 30_000;
/** How much it may say, in bytes. */
const LOUDEST = 64 * 1024;
/** How long an answer is used, in milliseconds. What cloud helpers give lives for hours, not for ever. */
const KEPT = 60 * 60 * 1000;

/** Who asks. */
export interface HelperContext {
  /** The file and its key, for messages. */
  readonly where: string;
  /** Has the `PATH` that the helper is looked for in, and is handed to it. */
  readonly environment: NodeJS.ProcessEnv;
  /** In milliseconds; 30,000 unless told. */
  readonly timeout?: number;
}

/** What a helper said; or that it knows nobody; or that there is no such program. */
export type HelperAnswer = { readonly username: string; readonly secret: string } | 'none' | 'missing';

interface Kept {
  readonly at: number;
  readonly answer: Promise<HelperAnswer>;
}

/** By the environment, because another `PATH` may have another helper; the process's own is one object. */
const kept = new WeakMap<NodeJS.ProcessEnv, Map<string, Kept>>();

/**
 * Asks `docker-credential-NAME get` for a server. Its answer is kept for an hour, so that each is run once.
 * Nothing that a helper prints gets into an error: where it fails, that may be the secret.
 * @param server as the helper knows it: a host, or `https://index.docker.io/v1/` for Docker Hub
 * @throws {RegistryError} `CREDENTIALS_INVALID` with file, key and helper.
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askHelper(name: string, server: string, context: HelperContext): Promise<HelperAnswer> {
  if (name.length > 100 || !/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new RegistryError(
      'CREDENTIALS_INVALID',
      `${context.where}: "${printable(name)}" cannot be the name of a helper`,
    );
  }
  const answers = kept.get(context.environment) ?? new Map<string, Kept>();
  kept.set(context.environment, answers);
  const key = `${name} ${server}`;
  const known = answers.get(key);
  if (known !== undefined && performance.now() - known.at < KEPT) return known.answer;
  const answer = run(name, server, context);
  answers.set(key, { at: performance.now(), answer });
  // An error is not an answer: next time, the key ring may be open.
  void answer.catch(() => answers.delete(key));
  return answer;
}

/** Makes credentials of an answer. */
export function fromHelper(
  answer: Exclude<HelperAnswer, 'missing'>,
  name: string,
  where: string,
): Credentials | undefined {
  if (answer === 'none') return undefined;
  return fromLogin({
    username: answer.username,
    password: answer.secret,
    origin: `docker-credential-${name} (${where})`,
  });
}

async function run(name: string, server: string, context: HelperContext): Promise<HelperAnswer> {
  const program = `docker-credential-${name}`;
  const invalid = (why: string): RegistryError =>
    new RegistryError(
      'CREDENTIALS_INVALID',
      `${context.where}: ${program} ${why}, when asked for ${printable(server)}`,
    );
  const { output, end } = await converse(program, server, context).catch((error: NodeJS.ErrnoException) => {
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
  const document = parseSecretObject(output);
  if (typeof document === 'string') throw invalid(`printed what is ${document}`);
  const { ServerURL: answered = '', Username: username = '', Secret: secret = '' } = document;
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw invalid('printed a user or a secret that is no text');
  if (typeof answered === 'string' && answered !== '' && !sameHost(answered, server)) {
    throw invalid(`answered for ${printable(answered)}`);
  }
  return secret === '' ? 'none' : { username, secret };
}

interface Conversation {
  readonly output: Buffer;
  /** The exit status; or the signal, or the system's code if it did not start; or why we ended it. */
  readonly end: number | string;
}

function converse(
  program: string,
  question: string,
  { environment, timeout = PATIENCE }: HelperContext,
): Promise<Conversation> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    // No shell. What it prints on stderr may be a secret as well, and nobody would read it.
    const child = spawn(program, ['get'], {
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
    child.stdin.end(question);
  });
}
