import { eraseCredentials, tokenFiles, otherLogins } from '../../auth/index.ts';
import { say, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { tokenFolder } from '../folders.ts';
import { settingsFor } from '../report/observe.ts';

/** `stowage logout [HOST]`: forgets the password for a registry, and the tokens that were got with it. */
export default async function logout(
  this: Context,
  flags: Pick<RegistryFlags, 'registryConfig'>,
  host: string,
): Promise<void> {
  const { env: environment } = this.process;
  try {
    const { url } = (await settingsFor(this, flags)).of(host);
    const server = url?.host ?? host;
    // First, because it needs nobody's help, and a helper may fail.
    await tokenFiles(tokenFolder(this)).forget(server);
    const known = await eraseCredentials(server, { environment });
    const others = await otherLogins(server, { environment });
    if (known) say(this, `Logged out of ${host}`);
    else if (others.length === 0) say(this, `Nobody was logged in to ${host}`);
    for (const place of others)
      say(this, `${place} has a login for ${host}, which stays there and is used: it is another program's`);
  } catch (error) {
    fail(this, error);
  }
}
