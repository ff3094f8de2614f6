import type { Rate } from '../transport/index.ts';
import { parseDuration } from './duration.ts';

/**
 * Reads a rate as people write it: `6000/1m`, `100/s`, `200/6h`; a bare number is of requests in a minute.
 * @throws {SyntaxError} for anything else, and for a rate at which nothing would ever be asked.
 */
export function parseRate(text: string): Rate {
  const [, number = '', time = '1m'] = /^(\d{1,9})(?:\/(.+))?$/.exec(text) ?? [];
  const seconds = parseDuration(/^[a-z]/.test(time) ? `1${time}` : time) / 1000;
  if (Number(number) > 0 && seconds > 0) return { requests: Number(number), seconds };
  throw new SyntaxError(`not a rate: ${text.slice(0, 40)}; write it as 6000/1m or 100/s`);
}

/**
 * Reads how many requests may be made at once.
 * @throws {SyntaxError} for anything but a whole number that is at least 1.
 */
export function parseBurst(text: string): number {
  const burst = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (burst > 0) return burst;
  throw new SyntaxError(`not a number of requests: ${text.slice(0, 40)}`);
}
