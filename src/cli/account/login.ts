import {
  noCredentials,
  staticCredentials,
  storeCredentials,
  tokenFiles,
  otherLogins,
  type CredentialSource,
  type StoredLogin,
} from '../../auth/index.ts';
import { say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { tokenFolder } from '../folders.ts';
import { askLogin, readPassword, type User } from './password.ts';
import { withPlaces } from '../session.ts';

export interface LoginFlags extends Omit<RegistryFlags, 'cache' | 'redis' | 'run'> {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `stowage login [HOST]`: tries a password at a registry, and keeps it if it is good. */
export default async function login(this: Context, flags: LoginFlags, host: string): Promise<void> {
  try {
    const user = await userFrom(this, flags);
    if (user === 'interrupted') this.process.exitCode = exitCodes.interrupted;
    else await logIn(this, flags, host, user);
  } catch (error) {
    fail(this, error);
    if (error instanceof SyntaxError) this.process.exitCode = exitCodes.usage;
  }
}

async function logIn(context: Context, flags: LoginFlags, host: string, user: User): Promise<void> {
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
      const [first] = await otherLogins(registry.url.host, { environment });
      if (first?.startsWith('$'))
        say(context, `But ${first} has a login for ${host} too, which is used instead as long as it is set.`);
    },
    { credentials },
  );
}

async function userFrom(
  context: Context,
  { username, passwordStdin }: LoginFlags,
): Promise<User | 'interrupted'> {
  const { stdin } = context.process;
  if (passwordStdin) {
    if (username === undefined) throw new SyntaxError('--password-stdin needs --username');
    return { username, password: await readPassword(stdin, context.signal) };
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
