import { once } from 'node:events';
import type { ChainableCommander, Redis } from 'ioredis';
import { loadRedis, redisReason } from '../../../redis/index.ts';
import { abortable, RegistryError } from '../../../registry/index.ts';

/** A connection on which whoever asks gets an answer soon, if only that there is none. */
export interface Connection {
  /** Performs some commands, all or none. @returns what each of them gave. */
  all(commands: (chain: ChainableCommander) => ChainableCommander): Promise<readonly unknown[]>;
  /** Performs one. */
  one<T>(command: (client: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** `redis://[user:password@]host:port/database`, `rediss://` with TLS. */
  readonly url?: string;
  /** A connection of one's own, which is not closed here. */
  readonly client?: Redis;
  /** In milliseconds, for connecting and for each command. */
  readonly timeout: number;
}

/** For so long a Redis that did not answer in time is not asked again, in milliseconds. */
const PAUSE = 5000;

/** Connects when the first command comes. */
export function createConnection({ url, client: given, timeout }: ConnectionOptions): Connection {
  let own: Redis | undefined;
  let opening: Promise<Redis> | undefined;
  let closed = false;
  let paused = 0;

  const create = async (): Promise<Redis> => {
    const { Redis } = await loadRedis('a cache in Redis');
    own = new Redis(url ?? 'redis://127.0.0.1:6379', {
      lazyConnect: true,
      connectTimeout: timeout,
      // What cannot be asked now is not wanted later.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 200, PAUSE),
    });
    // Whoever gives a command is told; without a listener it would be written to the console.
    own.on('error', () => {});
    return own;
  };

  /** Gives a connection that was not up yet the time to come up, once. It goes on trying by itself when that fails. */
  const open = async (): Promise<Redis> => {
    const client = given ?? (await create());
    if (client.status === 'ready') return client;
    const connected = client.status === 'wait' ? client.connect() : once(client, 'ready');
    await soon<unknown>(connected, timeout).catch(() => {});
    return client;
  };

  /** The connection, if it is up. Nobody waits for one that is known to be down. */
  const ready = async (): Promise<Redis> => {
    if (closed) throw unavailable('the cache was closed');
    const client = await (opening ??= open());
    if (client.status !== 'ready') throw unavailable('there is no connection');
    if (performance.now() < paused) throw unavailable('it did not answer in time a moment ago');
    return client;
  };

  const run = async <T>(command: (client: Redis) => Promise<T>): Promise<T> => {
    const client = await ready();
    try {
      return await soon(command(client), timeout);
    } catch (error) {
      if (error === LATE) {
        paused = performance.now() + PAUSE;
        throw unavailable(`it did not answer in ${timeout} ms`);
      }
      throw unavailable(redisReason(error), error);
    }
  };

  return {
    one: run,
    all: (commands) =>
      run(async (client) => {
        const results = await commands(client.multi()).exec();
        // An answer of null is that of a transaction that was given up, which without WATCH does not happen.
        return (results ?? []).map(([error, value]) => {
          if (error !== null) throw error;
          return value;
        });
      }),
    async close() {
      closed = true;
      await opening?.catch(() => {});
      own?.disconnect();
    },
  };
}

const LATE = Symbol('late');

async function soon<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(LATE), milliseconds);
  try {
    return await abortable(promise, late.signal);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(why: string, cause?: unknown): RegistryError {
  return new RegistryError('UNAVAILABLE', `Redis: ${why}`, { ...(cause !== undefined && { cause }) });
}
