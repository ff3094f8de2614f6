import { join } from 'node:path';
import {
  staticCredentials,
  storeCredentials,
  tokenFiles,
  type CredentialSource,
  type StoredLogin,
} from '../auth/index.ts';
import { registryClient } from '../client/index.ts';
import { cacheFolder } from '../disk/index.ts';
import { say, type Context } from './context.ts';
import { exitCodes } from './exit-code.ts';
import { fail } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { observe, settingsFor } from './observe.ts';
import { askLogin, readPassword } from './password.ts';

export interface LoginFlags extends Omit<RegistryFlags, 'cache'> {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `stowage login [HOST]`: tries a password at a registry, and keeps it if it is good. */
export default async function login(this: Context, flags: LoginFlags, host: string): Promise<void> {
  try {
    await logIn(this, flags, host);
  } catch (error) {
    fail(this, error);
    if (error instanceof SyntaxError) this.process.exitCode = exitCodes.usage;
  }
}

async function logIn(context: Context, flags: LoginFlags, host: string): Promise<void> {
  const { env: environment } = context.process;
  const [username, password] = await credentialsFrom(context, flags);
  const settings = (await settingsFor(context, flags)).of(host);
  // Passwords are looked up by where the registry is.
  const server = settings.url?.host ?? host;
  const known = staticCredentials({ [server]: { username, password, origin: 'this login' } });
  let asked = false;
  const credentials: CredentialSource = async (...whose) => {
    asked = true;
    return known(...whose);
  };
  const { pace, connections } = settings;
  const { onEvent, end } = observe(context, flags);
  const registry = registryClient(settings.url ?? host, {
    credentials,
    pace,
    connections,
    onEvent,
    allowRealms: [...(flags.allowRealm ?? []), ...(settings.allowRealms ?? [])],
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...((flags.plainHttp?.includes(host) || settings.plainHttp) && { plainHttp: true }),
  });
  try {
    await registry.ping({ signal: context.signal });
  } finally {
    await registry.close();
    end();
  }
  const stored = await storeCredentials(server, { username, password }, { environment });
  // They were got with another password, or with none.
  await tokenFiles(join(cacheFolder({ environment }), 'tokens')).forget(server);
  tell(context, host, stored, asked);
}

async function credentialsFrom(
  context: Context,
  { username, passwordStdin }: LoginFlags,
): Promise<readonly [username: string, password: string]> {
  const { stdin } = context.process;
  if (passwordStdin) {
    if (username === undefined) throw new SyntaxError('--password-stdin needs --username');
    return [username, await readPassword(stdin, context.signal)];
  }
  if (stdin?.isTTY) return askLogin(context, stdin, username);
  throw new SyntaxError('give the password on standard input, with --username and --password-stdin');
}

function tell(context: Context, host: string, stored: StoredLogin, asked: boolean): void {
  const where =
    stored.kind === 'file'
      ? `the password is in ${stored.file}`
      : `the password was given to ${stored.program}`;
  say(context, `Logged in to ${host}; ${where}`);
  if (stored.kind === 'file')
    say(
      context,
      'It is not encrypted there: whoever reads the file has it. A credential helper, "credsStore" in that file, keeps it safer.',
    );
  if (!asked) say(context, `${host} did not ask for a password, so nobody knows whether this one is right.`);
}
