import { joinRun, type SharedRun } from '../share/index.ts';
import { redisCache, type CacheStore } from '../wrap/cache/index.ts';
import type { RegistryFlags } from './flags.ts';

/** What a command shares with other processes: nothing, unless it is wanted. */
export interface Share {
  readonly run?: SharedRun;
  readonly cache?: CacheStore;
}

/** How long a Redis keeps content for others, in milliseconds. */
const CONTENT_LIFETIME = 7 * 24 * 60 * 60 * 1000;

/**
 * Takes part in the run that the flags name.
 * @throws {RegistryError} as `joinRun`.
 */
export async function shareOf({ redis, run: name }: RegistryFlags): Promise<Share> {
  if (redis === undefined || name === undefined) return {};
  const run = await joinRun({ redis, name });
  return {
    run,
    cache: redisCache({ url: redis, prefix: 'stowage:cache:', contentLifetime: CONTENT_LIFETIME }),
  };
}
