import type { Attachable } from '../session/attachable.ts';
import type { Secret } from './secret.ts';

export interface SecretServiceOptions {
  /** The process's own unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Hands secrets to steps that ask for them, read when they are asked for. They are in no layer and in no cache key; no
 * error says what is in them.
 * @param secrets of two with one name, the last counts
 * @see https://github.com/moby/buildkit/blob/master/session/secrets/secrets.proto
 */
export function secretService(
  secrets: readonly Secret[],
  { environment = process.env }: SecretServiceOptions = {},
): Attachable {
  return async (router) => {
    const { secretRoutes } = await import('./secret-routes.ts');
    secretRoutes(router, secrets, environment);
  };
}
