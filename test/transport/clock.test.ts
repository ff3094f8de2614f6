import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/transport/index.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const DAY = 24 * 60 * 60 * 1000;

test('a sleep may be longer than a timer can be set', async () => {
  let slept = false;
  const sleeping = systemClock.sleep(60 * DAY).then(() => (slept = true));
  await vi.advanceTimersByTimeAsync(60 * DAY - 1);
  expect(slept).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
});

test('and ends with its signal, whenever that is, without a timer left behind', async () => {
  const ending = new AbortController();
  const sleeping = expect(systemClock.sleep(60 * DAY, ending.signal)).rejects.toThrow('enough');
  await vi.advanceTimersByTimeAsync(30 * DAY);
  ending.abort(new Error('enough'));
  await sleeping;
  expect(vi.getTimerCount()).toBe(0);
});
