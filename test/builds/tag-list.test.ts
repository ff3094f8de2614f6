import { expect, test } from 'vitest';
import { createTagList, type TagList } from '../../src/builds/plan/tag-list.ts';
import { intercept, RegistryError } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { memoryLedger } from './world.ts';

/** A registry that gives these tags after any, or fails. */
function listOf(tags: readonly string[], fails?: RegistryError, ledger = memoryLedger()): TagList {
  const registry = intercept(memoryRegistry(), (operation, next) => {
    if (operation.name !== 'tags') return next(operation);
    const { after, pageSize = 1000, goOn } = operation.options;
    return (async function* () {
      if (fails !== undefined) throw fails;
      const start = after === undefined ? 0 : tags.indexOf(after) + 1;
      for (let at = start; at < tags.length; at += pageSize) {
        if (at > start && goOn?.() === false) return;
        yield* tags.slice(at, at + pageSize);
      }
    })();
  });
  return createTagList({ registry, repository: 'r', name: 'host/r', ledger });
}

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `t${String(at).padStart(5, '0')}`);

test('as far as it was read, it is known what is there and what is not', async () => {
  const list = listOf(numbered(1500));
  expect(list.has('t00001')).toBeUndefined();
  await list.read();
  expect([list.pages, list.complete, list.ended, list.reach]).toEqual([1, false, false, 't00999']);
  expect(['t00001', 't00001x', 't01200', 'u'].map((tag) => list.has(tag))).toEqual([
    true,
    false,
    undefined,
    undefined,
  ]);
  await list.read();
  expect([list.pages, list.complete, list.ended]).toEqual([2, true, true]);
  expect(['t01200', 'u'].map((tag) => list.has(tag))).toEqual([true, false]);
});

test('of a list in another order, only what is there is known before its end', async () => {
  const list = listOf(numbered(1500).toReversed());
  await list.read();
  expect(list.reach).toBeUndefined();
  expect(['t01200', 't01200x', 'a'].map((tag) => list.has(tag))).toEqual([true, undefined, undefined]);
});

test('a repository that is not known has no tags; of one whose list is refused nothing is known', async () => {
  const unknown = listOf([], new RegistryError('NAME_UNKNOWN', 'unknown', { status: 404 }));
  await unknown.read();
  expect([unknown.complete, unknown.has('t')]).toEqual([true, false]);
  const refused = listOf([], new RegistryError('DENIED', 'no', { status: 403 }));
  await refused.read();
  expect([refused.ended, refused.complete, refused.has('t')]).toEqual([true, false, undefined]);
});

test('those who share a ledger read each page once', async () => {
  const ledger = memoryLedger();
  const first = listOf(numbered(1500), undefined, ledger);
  await first.read();
  const second = listOf([], new RegistryError('UNAVAILABLE', 'must not be asked'), ledger);
  await second.read();
  expect(second.tags).toEqual(first.tags);
});
