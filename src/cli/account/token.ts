import { parseDockerReference } from '../../oci/index.ts';
import { isLocalReference } from '../../place/index.ts';
import { fromInvalid, RegistryError } from '../../registry/index.ts';
import { print, say, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { withPlaces } from '../session.ts';

export interface TokenFlags extends RegistryFlags {
  readonly push?: boolean;
}

/** `stowage token REF`: what a request for a repository is sent with, for programs that send their own. */
export default async function token(this: Context, flags: TokenFlags, reference: string): Promise<void> {
  const actions = flags.push ? ['pull', 'push'] : ['pull'];
  await withPlaces(this, flags, async (places) => {
    try {
      const { host, repository } = remote(reference);
      const registry = places.client(host);
      const value = await registry.authorization({ repository, actions }, { signal: this.signal });
      if (value === undefined) say(this, `${host} does not ask who we are`);
      else print(this, value);
    } catch (error) {
      fail(this, error);
    }
  });
}

function remote(reference: string): { readonly host: string; readonly repository: string } {
  if (isLocalReference(reference))
    throw new RegistryError(
      'REFERENCE_INVALID',
      `${reference} is on this disk, which asks nobody who they are`,
      {
        reference,
      },
    );
  try {
    return parseDockerReference(reference);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference });
  }
}
