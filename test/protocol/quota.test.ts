import { describe, expect, test } from 'vitest';
import { askedDelay, parseQuota, type HeaderFields } from '../../src/protocol/index.ts';

describe('what a server tells of its limits', () => {
  test.each<readonly [string, HeaderFields, readonly (number | undefined)[]]>([
    [
      'Docker Hub',
      { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' },
      [100, 76, 21_600],
    ],
    ['what is left alone', { 'ratelimit-remaining': '76;w=21600' }, [undefined, 76, 21_600]],
    [
      'the early drafts, with all limits listed',
      { 'ratelimit-limit': '100, 10;w=1, 100;w=60', 'ratelimit-remaining': '76' },
      [100, 76, 60],
    ],
    [
      'the middle drafts, with a policy',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '76', 'ratelimit-policy': '10;w=1, 100;w=60' },
      [100, 76, 60],
    ],
    [
      'one field',
      { ratelimit: 'limit=100, remaining=76, reset=5', 'ratelimit-policy': '100;w=60' },
      [100, 76, 60],
    ],
    [
      'the late drafts',
      { ratelimit: '"default";r=76;t=5', 'ratelimit-policy': '"default";q=100;w=60' },
      [100, 76, 60],
    ],
    [
      'the late drafts, with two limits: that of which the least is left',
      {
        ratelimit: '"day";r=500;t=5, "minute";r=3',
        'ratelimit-policy': '"day";q=900;w=86400, "minute";q=9;w=60',
      },
      [9, 3, 60],
    ],
    ['GitHub', { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0' }, [60, 0, undefined]],
    ['fields that come twice', { 'ratelimit-remaining': ['5', '7'] }, [undefined, 5, undefined]],
  ])('%s', (_, headers, [limit, remaining, window]) => {
    expect(parseQuota(headers)).toEqual({ limit, remaining, window });
  });

  test.each<HeaderFields>([
    {},
    { 'ratelimit-limit': '100;w=21600' },
    { 'ratelimit-remaining': '-1' },
    { 'ratelimit-remaining': '1e3' },
    { 'ratelimit-remaining': '1.5' },
    { 'ratelimit-remaining': '9'.repeat(16) },
    { 'ratelimit-remaining': 'many' },
    { ratelimit: 'remaining=many' },
    { ratelimit: '"default";t=5' },
    { ratelimit: ';;,,==' },
  ])('nothing of use: %j', (headers) => {
    expect(parseQuota(headers)).toBeUndefined();
  });

  test('in no time, also of fields that are long and wrong', () => {
    const started = performance.now();
    for (const part of ['r=', ';', ',', ' ', '"a";r=1,', 'w=1;', '1 '])
      parseQuota({
        ratelimit: part.repeat(8000),
        'ratelimit-policy': part.repeat(8000),
        'ratelimit-limit': part.repeat(8000),
        'ratelimit-remaining': part.repeat(8000),
      });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('how long an answer asks us to wait', () => {
  const soon = String(Math.floor(Date.now() / 1000) + 60);

  test.each<readonly [number, HeaderFields, unknown]>([
    [429, { 'retry-after': '7' }, 7],
    [503, { 'retry-after': '7' }, 7],
    [500, { 'retry-after': '7' }, 7],
    [429, { 'retry-after': '7', 'ratelimit-reset': '9' }, 7],
    [429, { 'retry-after': 'soon', 'ratelimit-reset': '9' }, 9],
    [429, { 'ratelimit-reset': '9' }, 9],
    [429, { 'x-ratelimit-reset': '9' }, 9],
    [429, { 'ratelimit-reset': soon }, expect.closeTo(60, -1)],
    [429, { 'x-ratelimit-reset': soon }, expect.closeTo(60, -1)],
    [429, { ratelimit: 'limit=100, remaining=0, reset=9' }, 9],
    [429, { ratelimit: '"default";r=0;t=9' }, 9],
    // Some is left of that limit: it was not the one that was hit.
    [429, { ratelimit: '"default";r=5;t=9' }, undefined],
    [429, { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '9' }, undefined],
    [429, {}, undefined],
    // Told with every answer, it asks for nothing.
    [503, { 'ratelimit-reset': '9' }, undefined],
    [200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '9' }, undefined],
  ])('%i with %j: %s', (status, headers, seconds) => {
    expect(askedDelay(status, headers)).toEqual(seconds);
  });
});
