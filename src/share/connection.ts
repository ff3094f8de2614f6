import type { Redis } from 'ioredis';
import { loadRedis, redisReason } from '../redis/index.ts';
import { abortable, RegistryError } from '../registry/index.ts';
import { scripts, type ScriptedRedis } from './scripts.ts';

/**
 * A connection that outlives short failures of Redis: what is asked meanwhile waits for its return, as what several
 * processes know together cannot be made up.
 */
export interface SharedConnection {
  readonly client: Redis;
  /** Gives commands. @throws {RegistryError} `UNAVAILABLE`, after ten seconds in which there was no answer. */
  run<T>(command: (client: ScriptedRedis) => Promise<T>): Promise<T>;
  /** Whatever waits for an answer fails. */
  close(): void;
}

/** How long a command may take, with the time in which Redis is away, in milliseconds. */
const PATIENCE = 10_000;
/** How long it may take to connect, in milliseconds. */
const CONNECT = 5000;
/** The longest wait between two tries to connect again, in milliseconds. */
const LONGEST_RETRY = 1000;

/**
 * Connects.
 * @param url `redis://[user:password@]host:port/database`, `rediss://` with TLS
 * @throws {RegistryError} `SETTINGS_INVALID` for what is no such URL, which is not shown, as it may have a password;
 * `UNAVAILABLE` if nobody answers there; `UNSUPPORTED` without ioredis.
 */
export async function connect(url: string): Promise<SharedConnection> {
  const at = addressOf(url);
  const { Redis } = await loadRedis('sharing a run');
  let wasUp = false;
  let last: unknown;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT,
    // What is asked in one turn of the event loop goes in one piece.
    enableAutoPipelining: true,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (wasUp ? Math.min(times * 100, LONGEST_RETRY) : null),
    scripts,
  }) as ScriptedRedis;
  // Whoever gives a command is told; without a listener it would be written to the console.
  client.on('error', (error) => (last = error));

  // A request to a registry that waits for it and fails with this is not tried again: the code is none of a connection's.
  const unavailable = (reason: string, error: unknown): RegistryError => {
    const cause = Object.assign(new Error(reason, { cause: error }), { code: 'ERR_REDIS' });
    return new RegistryError('UNAVAILABLE', `Redis at ${at}: ${reason}`, { cause });
  };

  const run = async <T>(command: (to: ScriptedRedis) => Promise<T>): Promise<T> => {
    const late = AbortSignal.timeout(PATIENCE);
    try {
      return await abortable(command(client), late);
    } catch (error) {
      throw unavailable(
        late.aborted ? `it did not answer in ${PATIENCE / 1000} s` : redisReason(error),
        error,
      );
    }
  };

  try {
    await client.connect();
    wasUp = true;
    // Where there is no such database, what was connected is another one.
    await run((to) => to.select(client.options.db ?? 0));
  } catch (error) {
    client.disconnect();
    throw wasUp ? error : unavailable(redisReason(last ?? error), error);
  }
  return { client, run, close: () => client.disconnect() };
}

/** For messages. */
function addressOf(url: string): string {
  const parsed = /^rediss?:\/\//.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && parsed.hostname !== '') return parsed.host;
  throw new RegistryError(
    'SETTINGS_INVALID',
    'not the URL of a Redis; write it as redis://[user:password@]host:port/database, or rediss:// for TLS',
  );
}
