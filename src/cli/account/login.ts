import {
  noCredentials,
  staticCredentials,
  storeCredentials,
  tokenFiles,
  type CredentialSource,
  type StoredLogin,
} from '../../auth/index.ts';
import { say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { tokenFolder } from '../folders.ts';
import { askLogin, readPassword } from './password.ts';
import { withPlaces } from '../session.ts';

export interface LoginFlags extends Omit<RegistryFlags, 'cache' | 'redis' | 'run'> {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `stowage login [HOST]`: tries a password at a registry, and keeps it if it is good. */
export default async function login(this: Context, flags: LoginFlags, host: string): Promise<void> {
  try {
    const [username, password] = await credentialsFrom(this, flags);
    await logIn(this, flags, host, { username, password });
  } catch (error) {
    fail(this, error);
    if (error instanceof SyntaxError) this.process.exitCode = exitCodes.usage;
  }
}

async function logIn(
  context: Context,
  flags: LoginFlags,
  host: string,
  user: { readonly username: string; readonly password: string },
): Promise<void> {
  const { env: environment } = context.process;
  let asked = false;
  let known = noCredentials;
  const credentials: CredentialSource = async (...whose) => {
    asked = true;
    return known(...whose);
  };
  // Whoever was known before does not count, and neither do the tokens that they got.
  const uncached = { ...flags, cache: false };
  await withPlaces(
    context,
    uncached,
    async (places) => {
      const registry = places.client(host);
      known = staticCredentials({ [registry.url.host]: { ...user, origin: 'this login' } });
      await registry.ping({ signal: context.signal });
      // Passwords are looked up by where the registry is.
      const stored = await storeCredentials(registry.url.host, user, { environment });
      await tokenFiles(tokenFolder(context)).forget(registry.url.host);
      tell(context, host, stored, asked);
    },
    { credentials },
  );
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
