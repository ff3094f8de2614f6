import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { all, during, talk } from './talk.ts';

const page = (query: string, tags: readonly unknown[] | null, link?: string): Exchange => ({
  request: `GET /v2/r/tags/list${query}`,
  answer: {
    headers: { 'content-type': 'application/json', ...(link !== undefined && { link }) },
    body: JSON.stringify({ name: 'r', tags }),
  },
});
const two = { pageSize: 2 };
const tags = (registry: RegistryClient) => all(registry.tags('r'));

test('tags: pages of 1000', async () => {
  expect(await during([page('?n=1000', ['1', '2'])], tags)).toEqual(['1', '2']);
});

test('a page that is exactly full may have a successor', async () => {
  expect(await during([page('?n=2', ['1', '2']), page('?n=2&last=2', ['3'])], tags, two)).toEqual([
    '1',
    '2',
    '3',
  ]);
  expect(await during([page('?n=2', ['1', '2']), page('?n=2&last=2', [])], tags, two)).toEqual(['1', '2']);
});

test('a link is believed before the length of a page', async () => {
  const rows = [
    page('?n=2', ['1'], '</v2/r/tags/list?n=2&last=1>; rel="next"'),
    page('?n=2&last=1', [], '</v2/r/tags/list?n=2&last=x>; rel=next'),
    page('?n=2&last=x', ['y', 'z']),
    page('?n=2&last=z', []),
  ];
  expect(await during(rows, tags, two)).toEqual(['1', 'y', 'z']);
});

test('a link is used as it is written, query and all', async () => {
  const rows = [
    page('?n=2', ['1', '2'], '<list?token=a%2Bb>; rel="next", </elsewhere>; rel="last"'),
    page('?token=a%2Bb', ['3']),
  ];
  expect(await during(rows, tags, two)).toEqual(['1', '2', '3']);
});

test('a registry that does not page (Google): its long page is the list', async () => {
  expect(await during([page('?n=2', ['1', '2', '3'])], tags, two)).toEqual(['1', '2', '3']);
});

test('a registry that gives the same full page again and again: it ends', async () => {
  const rows = [page('?n=2', ['1', '2']), page('?n=2&last=2', ['1', '2'])];
  expect(await during(rows, tags, two)).toEqual(['1', '2']);
});

test('after a name, and in pages as the caller wants them', async () => {
  const rows = [page('?n=3&last=1', ['2', '3'])];
  const list = await during(rows, (registry) => all(registry.tags('r', { after: '1', pageSize: 3 })));
  expect(list).toEqual(['2', '3']);
});

test('after a name, from a registry that does not heed it', async () => {
  const rows = [page('?n=1000&last=1', ['0', '1', '2', '3'])];
  expect(await during(rows, (registry) => all(registry.tags('r', { after: '1' })))).toEqual(['2', '3']);
});

test('nothing is asked before the first name is wanted, nor after the last one', async () => {
  const { registry, lines, done } = talk([page('?n=2', ['1', '2'])], two);
  const list = registry.tags('r');
  expect(lines).toEqual([]);
  for await (const tag of list) if (tag === '2') break;
  expect(lines).toEqual(['GET /v2/r/tags/list?n=2']);
  done();
});

test('repositories: the catalog', async () => {
  const rows = [
    {
      request: 'GET /v2/_catalog?n=1000',
      answer: {
        headers: { link: '</v2/_catalog?n=1000&last=b/c>; rel="next"' },
        body: '{"repositories":["a","b/c"]}',
      },
    },
    { request: 'GET /v2/_catalog?n=1000&last=b/c', answer: { body: '{"repositories":["d"]}' } },
  ];
  expect(await during(rows, (registry) => all(registry.repositories()))).toEqual(['a', 'b/c', 'd']);
});

test('behind a prefix: paths, and pages that are made up here', async () => {
  const rows = [
    { ...page('', ['1', '2']), request: 'GET /mirror/v2/r/tags/list?n=2' },
    { ...page('', []), request: 'GET /mirror/v2/r/tags/list?n=2&last=2' },
  ];
  const { transport, done } = talk(rows);
  const { registryClient } = await import('../../src/client/index.ts');
  const registry = registryClient('https://registry.test/mirror/', { transport, pageSize: 2 });
  expect(registry.host).toBe('registry.test/mirror');
  expect(await tags(registry)).toEqual(['1', '2']);
  done();
});
