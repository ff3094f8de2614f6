import { join } from 'node:path';
import { defaultCredentials, tokenFiles } from '../auth/index.ts';
import { registryClient } from '../client/index.ts';
import { cacheFolder } from '../disk/index.ts';
import { parseDockerReference } from '../oci/index.ts';
import { isLayoutReference } from '../place/index.ts';
import { fromInvalid, RegistryError } from '../registry/index.ts';
import { print, say, type Context } from './context.ts';
import { fail } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { observe, settingsFor } from './observe.ts';

export interface TokenFlags extends RegistryFlags {
  readonly push?: boolean;
}

/** `stowage token REF`: what a request for a repository is sent with, for programs that send their own. */
export default async function token(this: Context, flags: TokenFlags, reference: string): Promise<void> {
  try {
    const { host, repository } = remote(reference);
    const authorization = await authorizationFor(this, flags, host, repository);
    if (authorization === undefined) say(this, `${host} does not ask who we are`);
    else print(this, authorization);
  } catch (error) {
    fail(this, error);
  }
}

async function authorizationFor(
  context: Context,
  flags: TokenFlags,
  host: string,
  repository: string,
): Promise<string | undefined> {
  const { env: environment } = context.process;
  const settings = (await settingsFor(context, flags)).of(host);
  const { pace, connections } = settings;
  const { onEvent, end } = observe(context, flags);
  const registry = registryClient(settings.url ?? host, {
    credentials: defaultCredentials({ environment }),
    pace,
    connections,
    onEvent,
    allowRealms: [...(flags.allowRealm ?? []), ...(settings.allowRealms ?? [])],
    ...(flags.cache && { keptTokens: tokenFiles(join(cacheFolder({ environment }), 'tokens')) }),
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...((flags.plainHttp?.includes(host) || settings.plainHttp) && { plainHttp: true }),
  });
  const actions = flags.push ? ['pull', 'push'] : ['pull'];
  try {
    return await registry.authorization({ repository, actions }, { signal: context.signal });
  } finally {
    await registry.close();
    end();
  }
}

function remote(reference: string): { readonly host: string; readonly repository: string } {
  if (isLayoutReference(reference))
    throw new RegistryError('REFERENCE_INVALID', `${reference} is a folder, which asks nobody who they are`, {
      reference,
    });
  try {
    return parseDockerReference(reference);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference });
  }
}
