/** What Redis does in one step, in Lua. Each may be sent twice, when the connection breaks before the answer comes. */
import type { Redis } from 'ioredis';

/**
 * What is known for a key, or else a claim: a mark of who is going to find it, for a while.
 * Key: the entry. Arguments: the mark, and its time in milliseconds. Gives what is there afterwards.
 */
const claim = `
local known = redis.call('get', KEYS[1])
if known then return known end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;

/** Gives claims more time, as far as they are still there. Keys: the entries. Arguments: as of `claim`. */
const renew = `
for _, key in ipairs(KEYS) do
  if redis.call('get', key) == ARGV[1] then redis.call('pexpire', key, ARGV[2]) end
end`;

/**
 * Writes what was found, unless somebody else was faster, whose it then is.
 * Key: the entry. Arguments: the first character of claims, what was found, for how long, in milliseconds.
 * Gives what was known already, or nothing.
 */
const settle = `
local known = redis.call('get', KEYS[1])
if known and string.sub(known, 1, 1) ~= ARGV[1] then return known end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
return false`;

/** Gives a claim back. Key: the entry. Argument: the mark. */
const release = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/**
 * Takes so many of a queue. Keys: the counter, and one for this call alone, so that it gets the same when it is sent
 * twice. Arguments: how many, and how long in milliseconds both are kept. Gives the first.
 */
const next = `
local had = redis.call('get', KEYS[2])
if had then return tonumber(had) end
local first = redis.call('incrby', KEYS[1], ARGV[1]) - ARGV[1]
redis.call('pexpire', KEYS[1], ARGV[2])
redis.call('set', KEYS[2], first, 'PX', ARGV[3])
return first`;

/** As ioredis takes them. */
export const scripts: Readonly<
  Record<
    'claim' | 'renew' | 'settle' | 'release' | 'next',
    { readonly lua: string; readonly numberOfKeys?: number }
  >
> = {
  claim: { lua: claim, numberOfKeys: 1 },
  renew: { lua: renew },
  settle: { lua: settle, numberOfKeys: 1 },
  release: { lua: release, numberOfKeys: 1 },
  next: { lua: next, numberOfKeys: 2 },
};

/** ioredis, with the scripts as commands. */
export type ScriptedRedis = Redis & {
  claimBuffer(key: string, mark: Buffer, milliseconds: number): Promise<Buffer>;
  renew(keys: number, ...keysMarkAndTime: readonly (string | Buffer | number)[]): Promise<null>;
  settleBuffer(key: string, claims: string, found: Buffer, milliseconds: number): Promise<Buffer | null>;
  release(key: string, mark: Buffer): Promise<null>;
  next(counter: string, call: string, count: number, kept: number, callKept: number): Promise<number>;
};
