import type { Redis } from 'ioredis';
import { RegistryError } from '../registry/index.ts';

/**
 * Loads ioredis. It is an optional peer: who has no Redis need not install it.
 * @param what needs it, for the message: "a cache in Redis"
 * @throws {RegistryError} `UNSUPPORTED`, if it is not installed.
 */
export async function loadRedis(what: string): Promise<{ readonly Redis: typeof Redis }> {
  try {
    return await import('ioredis');
  } catch (error) {
    throw new RegistryError('UNSUPPORTED', `${what} needs the package ioredis: npm install ioredis`, {
      cause: error,
    });
  }
}

/**
 * What Redis says an error is (`NOAUTH`, `OOM`, `READONLY`), or the system (`ECONNRESET`). The rest may repeat the
 * command, and with it what was sent: old servers show the password that way.
 */
export function redisReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (message.includes('DB index')) return 'it has no such database';
  return code ?? /^[A-Z]{2,20}\b/.exec(message)?.[0] ?? 'the connection broke';
}
