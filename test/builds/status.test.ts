import { expect, test } from 'vitest';
import { parseSources, statusOf } from '../../src/builds/index.ts';
import { listed } from './listed.ts';

const builds = (): ReturnType<typeof listed> =>
  listed(
    { id: 'a', sourceId: '1' },
    { id: 'b', sourceId: '2', images: null },
    { id: 'c', sourceId: '1', arch: 'arm64v8' },
  );

test('counts what is built and what is needed, by architecture', async () => {
  const { arches, total } = await statusOf(builds());
  expect([...arches]).toEqual([
    ['amd64', { built: 1, needed: 1 }],
    ['arm64v8', { built: 1, needed: 0 }],
  ]);
  expect(total).toEqual({ built: 2, needed: 1 });
});

test('what is among the sources, and has no build yet, is waiting', async () => {
  const arch = (tag: string): object => ({ tags: [tag], archTags: [], parents: {} });
  const sources = {
    1: { sourceId: '1', arches: { amd64: arch('a:1'), arm64v8: arch('a:1') } },
    2: { sourceId: '2', arches: { amd64: arch('b:1'), s390x: arch('b:1') } },
  };
  const { arches, total } = await statusOf(builds(), (await parseSources(JSON.stringify(sources))).targets);
  expect([...arches]).toEqual([
    ['amd64', { built: 1, needed: 1, waiting: 0 }],
    ['arm64v8', { built: 1, needed: 0, waiting: 0 }],
    ['s390x', { built: 0, needed: 0, waiting: 1 }],
  ]);
  expect(total).toEqual({ built: 2, needed: 1, waiting: 1 });
});
