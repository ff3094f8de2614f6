import { printable } from '../oci/index.ts';
import { sameHost } from './credential-key.ts';
import { helperFailed, runHelper, type HelperContext, type HelperTask } from './helper-process.ts';
import { fromLogin, type Credentials } from './login.ts';
import { parseSecretObject } from './secret-json.ts';

/** How long an answer is used, in milliseconds. What cloud helpers give lives for hours, not for ever. */
const KEPT = 60 * 60 * 1000;

/** A user with a password; of an identity token, the user is `<token>`. */
export interface HelperLogin {
  readonly username: string;
  readonly secret: string;
}

/** What a helper said; or that it knows nobody; or that there is no such program. */
export type HelperAnswer = HelperLogin | 'none' | 'missing';

interface Kept {
  readonly at: number;
  readonly answer: Promise<HelperAnswer>;
}

/** By the environment, because another `PATH` may have another helper; the process's own is one object. */
const kept = new WeakMap<NodeJS.ProcessEnv, Map<string, Kept>>();

/**
 * Asks `docker-credential-NAME get` for a server. Its answer is kept for an hour, so that each is run once.
 * @param server as the helper knows it: a host, or `https://index.docker.io/v1/` for Docker Hub
 * @throws {RegistryError} `CREDENTIALS_INVALID` with file, key and helper.
 */
export async function askHelper(name: string, server: string, context: HelperContext): Promise<HelperAnswer> {
  const answers = kept.get(context.environment) ?? new Map<string, Kept>();
  kept.set(context.environment, answers);
  const key = `${name} ${server}`;
  const known = answers.get(key);
  if (known !== undefined && performance.now() - known.at < KEPT) return known.answer;
  const answer = get(name, server, context);
  answers.set(key, { at: performance.now(), answer });
  // An error is not an answer: next time, the key ring may be open.
  void answer.catch(() => answers.delete(key));
  return answer;
}

/** Forgets what helpers answered: it was refused, and they may know better by now. */
export function forgetAnswers(environment: NodeJS.ProcessEnv): void {
  kept.delete(environment);
}

/**
 * Gives a login to `docker-credential-NAME store`.
 * @throws {RegistryError} `CREDENTIALS_INVALID` with file, key and helper, also where there is no such program.
 */
export async function storeByHelper(
  name: string,
  server: string,
  { username, secret }: HelperLogin,
  context: HelperContext,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const task: HelperTask = { action: 'store', server, input };
  const outcome = await runHelper(name, task, context).finally(() => forget(name, server, context));
  if (outcome === 'missing') throw helperFailed(name, task, context, 'is not on the PATH');
  if (outcome === 'none') throw helperFailed(name, task, context, 'knows nobody');
}

/**
 * Has `docker-credential-NAME erase` forget a server, if it knows it: what helpers say when they do not is different
 * for each.
 * @returns whether it knew a login, or that there is no such program
 * @throws {RegistryError} `CREDENTIALS_INVALID` with file, key and helper.
 */
export async function eraseByHelper(
  name: string,
  server: string,
  context: HelperContext,
): Promise<boolean | 'missing'> {
  forget(name, server, context);
  const known = await askHelper(name, server, context);
  if (typeof known === 'string') return known === 'missing' ? known : false;
  const task: HelperTask = { action: 'erase', server, input: server };
  const outcome = await runHelper(name, task, context).finally(() => forget(name, server, context));
  return typeof outcome === 'object';
}

function forget(name: string, server: string, { environment }: HelperContext): void {
  kept.get(environment)?.delete(`${name} ${server}`);
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

async function get(name: string, server: string, context: HelperContext): Promise<HelperAnswer> {
  const task: HelperTask = { action: 'get', server, input: server };
  const outcome = await runHelper(name, task, context);
  if (typeof outcome === 'string') return outcome;
  const invalid = (why: string): Error => helperFailed(name, task, context, why);
  const document = parseSecretObject(outcome.output);
  if (typeof document === 'string') throw invalid(`printed what is ${document}`);
  const { ServerURL: answered = '', Username: username = '', Secret: secret = '' } = document;
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw invalid('printed a user or a secret that is no text');
  if (typeof answered === 'string' && answered !== '' && !sameHost(answered, server)) {
    throw invalid(`answered for ${printable(answered)}`);
  }
  return secret === '' ? 'none' : { username, secret };
}
