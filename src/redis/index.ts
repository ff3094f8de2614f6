/** What all who talk to a Redis have in common. */
export { loadRedis, redisReason } from './redis.ts';
