import { expect, test } from 'vitest';
import {
  addPlans,
  beyondPlan,
  createTally,
  formatPlan,
  formatSeconds,
  planAtLeast,
  plannedPulls,
  plannedRequests,
  plannedSeconds,
  planOf,
} from '../../src/plan/index.ts';

test('plans add up by what requests are for; what there is none of is left out', () => {
  const sum = addPlans(
    planOf({ 'GET manifest': 3, 'HEAD manifest': 0 }),
    planOf({ 'GET manifest': 2, 'GET tags': 1 }),
  );
  expect(sum).toEqual({ requests: { 'GET manifest': 5, 'GET tags': 1 } });
  expect(plannedRequests(sum)).toBe(6);
  expect(addPlans()).toEqual({ requests: {} });
});

test('at Docker Hub a GET of a manifest counts as a pull, and a HEAD does not', () => {
  expect(plannedPulls(planOf({ 'GET manifest': 7, 'HEAD manifest': 9, 'GET blob': 5 }))).toBe(7);
  expect(plannedPulls(planOf({ 'HEAD manifest': 9 }))).toBe(0);
});

test.each([-1, 0.5, Number.NaN, Infinity])('%d is no number of requests', (requests) => {
  expect(() => planOf({ 'GET tags': requests })).toThrow(
    new RangeError(`no number of requests: GET tags ${requests}`),
  );
});

test.each([
  ['no rate is set', 1000, undefined, undefined],
  ['nothing to do takes no time', 0, { requests: 6000, seconds: 60, burst: 300 }, 0],
  ['all go at once, if the burst is as large', 300, { requests: 6000, seconds: 60, burst: 300 }, 0],
  ['the rest goes at the rate', 1810, { requests: 6000, seconds: 60, burst: 300 }, 15.1],
  ['a burst is a whole time of requests, unless told', 400, { requests: 300, seconds: 60 }, 20],
  ['the first goes at once, whatever the burst is', 3, { requests: 60, seconds: 60, burst: 0 }, 2],
])('%s', (_, requests, rate, seconds) => {
  expect(plannedSeconds(requests, rate)).toBe(seconds);
});

test('as people read it', () => {
  const plan = planOf({ 'GET tags': 20, 'GET manifest': 1790 });
  expect(formatPlan(plan, { requests: 6000, seconds: 60, burst: 300 })).toBe(
    'at most 1,810 requests (GET manifest 1,790, GET tags 20), 1,790 count as pulls, 15.1 s at 6,000 a minute',
  );
  expect(formatPlan(planOf({ 'HEAD manifest': 1 }))).toBe(
    'at most 1 request (HEAD manifest 1), 0 count as pulls',
  );
  expect(formatPlan(planOf({ 'HEAD manifest': 5 }), { requests: 2, seconds: 10 })).toBe(
    'at most 5 requests (HEAD manifest 5), 0 count as pulls, 15.0 s at 2 in 10 s',
  );
  expect(formatPlan(planOf({}))).toBe('no requests');
});

test.each([
  [0, '0.0 s'],
  [59.94, '59.9 s'],
  [59.96, '1 min 0 s'],
  [362.4, '6 min 2 s'],
  [3599.6, '1 h 0 min'],
  [90_000, '25 h 0 min'],
])('%d s are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test('what is made is told apart from what is made again, and from what was not planned', () => {
  const tally = createTally();
  for (let each = 0; each < 5; each++) tally.count('GET manifest');
  tally.repeat('GET manifest');
  tally.count('HEAD blob');
  tally.repeat('GET tags');
  expect(tally.made).toEqual({ 'GET manifest': 4, 'HEAD blob': 1 });
  expect(tally.repeated).toEqual({ 'GET manifest': 1, 'GET tags': 1 });
  expect(beyondPlan(tally.made, planOf({ 'GET manifest': 4 }))).toEqual({ 'HEAD blob': 1 });
  expect(beyondPlan(tally.made, planOf({ 'GET manifest': 3, 'HEAD blob': 2 }))).toEqual({
    'GET manifest': 1,
  });
});

test('a plan that is made late allows what was made before', () => {
  expect(
    planAtLeast(planOf({ 'GET manifest': 2, 'GET tags': 3 }), { 'GET manifest': 4, 'GET tags': 1 }),
  ).toEqual(planOf({ 'GET manifest': 4, 'GET tags': 3 }));
});
