import { describe, expect, test } from 'vitest';
import { parseRetryAfter } from '../../src/protocol/index.ts';

const NOW = Date.parse('2025-05-01T22:01:00Z');

describe('Retry-After', () => {
  test.each([
    ['seconds', '120', 120],
    ['an hour', '3600', 3600],
    ['a week', '604800', 604_800],
    ['with spaces', ' 7 ', 7],
    ['a date', 'Thu, 01 May 2025 22:01:30 GMT', 30],
    ['a date in the form of RFC 850', 'Thursday, 01-May-25 22:01:30 GMT', 30],
    ['a date in the form of asctime, which is in GMT too', 'Thu May  1 22:01:30 2025', 30],
    ['seconds since 1970, as Docker Hub has sent', '1746136938', 78],
    ['seconds since 1970, a day from now', String(NOW / 1000 + 86_400), 86_400],
  ])('%s: %s', (_, field, seconds) => {
    expect(parseRetryAfter(field, NOW)).toBe(seconds);
  });

  test.each([
    ['nothing', undefined],
    ['no text', ''],
    ['at once', '0'],
    ['before', '-5'],
    ['longer than a week', '604801'],
    ['three years', '99999999'],
    ['a date that is over', 'Thu, 01 May 2025 22:01:00 GMT'],
    ['a date in years', 'Fri, 01 May 2026 22:01:00 GMT'],
    ['no day of any month', 'Thu, 99 May 2025 22:01:00 GMT'],
    ['seconds since 1970 that are over', '1746136800'],
    ['seconds since 1970, more than a day from now', String(NOW / 1000 + 86_401)],
    ['milliseconds since 1970', '1746136938000'],
    ['words', 'soon'],
    ['a fraction', '1.5'],
    ['a number that dates may begin with', '120.5'],
    ['hexadecimal', '0x10'],
    ['a text without end', 'Thu, '.padEnd(100_000, '0')],
  ])('%s makes no sense', (_, field) => {
    expect(parseRetryAfter(field, NOW)).toBeUndefined();
  });

  test('a part of a second is a whole one: it is not to be asked too early', () => {
    expect(parseRetryAfter('Thu, 01 May 2025 22:01:30 GMT', NOW + 1)).toBe(30);
  });
});
