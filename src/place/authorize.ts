import type { AuthorizeOptions, RegistryClient, Want } from '../client/index.ts';
import type { Mirror } from '../wrap/mirror/index.ts';

/** A mirror, and the client that it is asked by. */
export interface MirrorClient extends Mirror {
  readonly registry: RegistryClient;
}

/**
 * Gets tokens for reads from where they will go: the first mirror, else the registry itself. A mirror that others stand
 * in for may be unavailable: then the next one is asked for them, as it will be for the reads.
 * @throws what the last one that was asked fails with.
 */
export async function authorizeReads(
  mirrors: readonly MirrorClient[],
  upstream: RegistryClient,
  wants: readonly Want[],
  options: AuthorizeOptions,
): Promise<void> {
  for (const { registry, fallback, repositoryPrefix } of mirrors) {
    try {
      return await registry.authorize(
        wants.map((want) => withPrefix(want, repositoryPrefix)),
        options,
      );
    } catch (error) {
      if (fallback === 'never' || options.signal?.aborted) throw error;
    }
  }
  await upstream.authorize(wants, options);
}

function withPrefix(want: Want, prefix: string | undefined): Want {
  return prefix === undefined ? want : { ...want, repository: `${prefix}/${want.repository}` };
}
