import type { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { RegistryError } from '../registry/index.ts';
import { sharedBurst, systemClock, type Clock, type Limiter, type Rate } from '../transport/index.ts';
import type { SharedConnection } from './connection.ts';

/**
 * A bucket of tokens for the limiter, which by itself has windows: at the seam of two of them twice as many would go.
 * What is kept is when it will be full again, in microseconds of the clock of Redis, which is the same for all.
 * Key: the bucket. Arguments: the tokens that are wanted, one that is not used, the size of the bucket, and the seconds in
 * which it fills. Gives how many are out of it, and when there are as many as are wanted, in milliseconds.
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
const BUCKET = `
local time = redis.call('time')
local now = time[1] * 1000000 + time[2]
local interval = ARGV[4] * 1000000 / ARGV[3]
local full = math.max(now, tonumber(redis.call('get', KEYS[1])) or 0)
local after = full + ARGV[1] * interval
local early = after - now - ARGV[3] * interval
if early > 0 then return {math.floor(ARGV[3]) + 1, math.ceil(early / 1000)} end
redis.call('set', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1000)
return {math.floor((after - now) / interval), 0}`;

/** As many tokens are taken at once as are put in in this time, in milliseconds. */
const BATCH = 50;

/**
 * A limiter whose tokens are in Redis, for all processes that ask there for the same origin.
 * @param origin scheme, host and port of the server
 */
export function createRedisLimiter(
  connection: SharedConnection,
  origin: string,
  rate: Rate,
  clock: Clock = systemClock,
): Limiter {
  const perSecond = rate.requests / rate.seconds;
  const size = sharedBurst(rate);
  const batch = Math.max(1, Math.min(Math.floor(size), Math.floor((perSecond * BATCH) / 1000)));
  let opening: Promise<RateLimiterRedis> | undefined;

  const open = async (): Promise<RateLimiterRedis> => {
    const { RateLimiterRedis: Limiting } = await load();
    return new Limiting({
      storeClient: connection.client,
      keyPrefix: 'stowage:rate',
      points: size,
      duration: size / perSecond,
      customIncrTtlLuaScript: BUCKET,
    });
  };

  /** @returns 0, or when to ask again, in milliseconds. */
  const consume = async (count: number): Promise<number> => {
    const limiter = await (opening ??= open());
    return connection.run(() =>
      // Without a time of whole seconds, the limiter has another way, without a script.
      limiter.consume(origin, count, { customDuration: 1 }).then(
        () => 0,
        (refusal: unknown) => {
          if (isRefusal(refusal)) return Math.max(1, refusal.msBeforeNext);
          throw refusal;
        },
      ),
    );
  };

  return {
    async take(most, signal) {
      const count = Math.min(most, batch);
      for (;;) {
        signal.throwIfAborted();
        const wait = await consume(count);
        if (wait === 0) return count;
        await clock.sleep(wait, signal);
      }
    },
  };
}

function isRefusal(refusal: unknown): refusal is RateLimiterRes {
  return typeof refusal === 'object' && refusal !== null && 'msBeforeNext' in refusal;
}

/** It is an optional peer: who shares no rate need not install it. */
async function load(): Promise<Pick<typeof import('rate-limiter-flexible'), 'RateLimiterRedis'>> {
  try {
    return await import('rate-limiter-flexible');
  } catch (error) {
    throw new RegistryError(
      'UNSUPPORTED',
      'sharing a rate needs the package rate-limiter-flexible: npm install rate-limiter-flexible',
      { cause: error },
    );
  }
}
