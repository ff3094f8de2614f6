import { expect, test } from 'vitest';
import { inOrder } from '../../src/image/index.ts';
import { createUnplanned } from '../../src/builds/plan/unplanned.ts';

test('what comes of several things is given in their order, and no more than so many are begun', async () => {
  const begun: number[] = [];
  const given: number[] = [];
  const ahead: number[] = [];
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    // The later ones are done first.
    for (let turn = 0; turn < 20 - item; turn++) await Promise.resolve();
    return item;
  };
  const items = Array.from({ length: 10 }, (_, at) => at);
  for await (const item of inOrder(items, work, { held: 3 })) {
    ahead.push(begun.length - given.length);
    given.push(item);
  }
  expect(given).toEqual(items);
  expect(Math.max(...ahead)).toBe(3);
});

test('one that takes long keeps back what comes of others, and not the work on them', async () => {
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  let last = (): void => {};
  const begunAll = new Promise<void>((resolve) => (last = resolve));
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    most = Math.max(most, ++underWay);
    if (item === 7) last();
    // The first one is done when as many as may be held have been begun.
    await (item === 0 ? begunAll : Promise.resolve());
    underWay--;
    return item;
  };
  const given: number[] = [];
  for await (const item of inOrder([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], work, { held: 8, underWay: 2 })) {
    if (given.length === 0) expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    given.push(item);
  }
  expect(given).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(most).toBe(2);
});

test('a failure is told in its place, and nothing behind it', async () => {
  const given: number[] = [];
  const work = async (item: number): Promise<number> => {
    if (item > 1) throw new Error(`no ${item}`);
    return item;
  };
  const run = async (): Promise<void> => {
    for await (const item of inOrder([0, 1, 2, 3], work, { held: 4 })) given.push(item);
  };
  await expect(run()).rejects.toThrow('no 2');
  expect(given).toEqual([0, 1]);
});

test('what no plan foresaw is allowed for twofold, so that not each is told', () => {
  const told: unknown[] = [];
  const surplus = createUnplanned(({ requests }) => told.push(requests));
  for (let at = 0; at < 5; at++) surplus.add('GET blob');
  surplus.add('GET manifest');
  expect(told).toEqual([
    { 'GET blob': 1 },
    { 'GET blob': 2 },
    { 'GET blob': 4 },
    { 'GET blob': 8 },
    { 'GET blob': 8, 'GET manifest': 1 },
  ]);
});
