import type { Limiter, Rate } from '../transport/index.ts';
import { connect } from './connection.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createRedisLimiter } from './limiter.ts';

/** Which run, and where it is kept. */
export interface SharedRunOptions {
  /** `redis://[user:password@]host:port/database`, `rediss://` with TLS. */
  readonly redis: string;
  /** Who takes part in a run says the same. What was found is kept for a day under it, so that a new run has a new one. */
  readonly name: string;
}

/** A run that several processes, on several machines, take part in. */
export interface SharedRun {
  readonly ledger: Ledger;
  /** The tokens of a registry's rate; they are those of all runs in that Redis. As `limiter` of `ClientOptions`. */
  limiter(origin: string, rate: Rate): Limiter;
  /** Leaves it. Others go on. */
  close(): void;
}

/**
 * Takes part in a run. It needs the packages `ioredis` and, where rates are shared, `rate-limiter-flexible`.
 *
 * When Redis goes away, whatever needs it waits for ten seconds for its return, and fails then: going on alone, each
 * process would take all of the rate, and do what others have done. What was found by then is there for who begins
 * again, as far as Redis has kept it.
 * @throws {RegistryError} `SETTINGS_INVALID` for what is no URL of a Redis; `UNAVAILABLE` if nobody answers there;
 * `UNSUPPORTED` without ioredis.
 */
export async function joinRun({ redis, name }: SharedRunOptions): Promise<SharedRun> {
  const connection = await connect(redis);
  const ledger = createLedger(connection, name);
  return {
    ledger,
    limiter: (origin, rate) => createRedisLimiter(connection, origin, rate),
    close() {
      ledger.close();
      connection.close();
    },
  };
}
