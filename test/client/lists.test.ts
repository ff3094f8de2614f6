import { describe, expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { all, during, failure, talk } from './talk.ts';

const page = (query: string, tags: readonly unknown[] | null, link?: string): Exchange => ({
  request: `GET /v2/r/tags/list${query}`,
  answer: {
    headers: { 'content-type': 'application/json', ...(link !== undefined && { link }) },
    body: JSON.stringify({ name: 'r', tags }),
  },
});
const two = { pageSize: 2 };
const tags = (registry: RegistryClient) => all(registry.tags('r'));

test('[row 46] tags: pages of 1000, also where nothing is said of a size', async () => {
  expect(await during([page('?n=1000', ['1', '2'])], tags)).toEqual(['1', '2']);
});

test('[row 44] a page that is exactly full may have a successor, one that is short has none', async () => {
  expect(await during([page('?n=2', ['1', '2']), page('?n=2&last=2', ['3'])], tags, two)).toEqual([
    '1',
    '2',
    '3',
  ]);
  expect(await during([page('?n=2', ['1', '2']), page('?n=2&last=2', [])], tags, two)).toEqual(['1', '2']);
});

test('[row 50] a link is believed before the length of a page', async () => {
  const rows = [
    page('?n=2', ['1'], '</v2/r/tags/list?n=2&last=1>; rel="next"'),
    page('?n=2&last=1', [], '</v2/r/tags/list?n=2&last=x>; rel=next'),
    page('?n=2&last=x', ['y', 'z']),
    page('?n=2&last=z', []),
  ];
  expect(await during(rows, tags, two)).toEqual(['1', 'y', 'z']);
});

test('[row 50] a link is used as it is written, query and all; others than the next are none', async () => {
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

test('who counts requests is asked before each page after the first, and can end the list', async () => {
  const link = '</v2/r/tags/list?n=2&last=1>; rel="next"';
  const counted = (allowed: number) => async (registry: RegistryClient) => {
    let asked = 0;
    const list = await all(registry.tags('r', { goOn: () => ++asked <= allowed }));
    return { list, asked };
  };
  expect(await during([page('?n=2', ['1'], link)], counted(0), two)).toEqual({ list: ['1'], asked: 1 });
  const both = [page('?n=2', ['1'], link), page('?n=2&last=1', ['2'])];
  expect(await during(both, counted(5), two)).toEqual({ list: ['1', '2'], asked: 1 });
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

test('[row 45] repositories: the catalog, in pages', async () => {
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

test('[row 45] a link without rel is one to the next page', async () => {
  const catalog = (query: string, names: string, link?: string): Exchange => ({
    request: `GET /v2/_catalog${query}`,
    answer: { headers: { link }, body: `{"repositories":[${names}]}` },
  });
  const rows = [
    catalog('?n=2', '"bar","baz"', '</v2/_catalog?last=baz&n=2>'),
    catalog('?last=baz&n=2', '"foo"'),
  ];
  expect(await during(rows, (registry) => all(registry.repositories()), two)).toEqual(['bar', 'baz', 'foo']);
});

test('[row 47] links are relative or absolute, and read against the page that they stand on', async () => {
  const rows = [
    page('?n=2', ['1'], '<list?a>; rel="next"'),
    page('?a', ['2'], '<https://registry.test/v2/r/tags/list?b>; rel="next"'),
    page('?b', ['3'], '<?c>; rel="next"'),
    page('?c', ['4']),
  ];
  expect(await during(rows, tags, two)).toEqual(['1', '2', '3', '4']);
});

test('[row 51] a page that fails is an error, after the names of those before it', async () => {
  const rows: Exchange[] = [
    page('?n=2', ['1', '2'], '<?a>; rel="next"'),
    { request: 'GET /v2/r/tags/list?a', answer: { status: 500 } },
  ];
  const seen: string[] = [];
  const error = await failure(
    during(
      rows,
      async (registry) => {
        for await (const tag of registry.tags('r')) seen.push(tag);
      },
      two,
    ),
  );
  expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 500, repository: 'r' });
  expect(seen).toEqual(['1', '2']);
});

describe('[row 49] [A18] pages without end', () => {
  /** Pages whose link is always another. */
  const endless = (...pagesOf: readonly (readonly string[])[]): Exchange[] =>
    pagesOf.map((names, at) => page(at === 0 ? '?n=2' : `?${at}`, names, `<?${at + 1}>; rel="next"`));

  test('of which three in a row bring nothing new', async () => {
    const error = await failure(during(endless(['1'], [], ['1'], []), tags, two));
    expect(error).toMatchObject({ code: 'PAGINATION_REFUSED', repository: 'r' });
    expect(error.message).toMatch(/^registry\.test\/r: 3 pages in a row brought nothing new/);
  });

  test('two in a row may be empty', async () => {
    const rows = [...endless(['1'], [], [], ['2'], [], []), page('?6', ['3'])];
    expect(await during(rows, tags, two)).toEqual(['1', '2', '3']);
  });

  test('what is left out because it comes before the name that was asked for is news all the same', async () => {
    const rows = [
      page('?n=2&last=x', ['a'], '<?1>; rel="next"'),
      page('?1', ['b'], '<?2>; rel="next"'),
      page('?2', ['c'], '<?3>; rel="next"'),
      page('?3', ['y']),
    ];
    const after = (registry: RegistryClient) => all(registry.tags('r', { after: 'x' }));
    expect(await during(rows, after, two)).toEqual(['y']);
  });
});

describe('[A35] names', () => {
  const listed = (name: string): Exchange => page('?n=1000', ['1', name]);

  test.each(['\u001b[2J', 'a b', 'a\r\nb', '\u009b', '\u202etxt', '', 'x'.repeat(129)])(
    '%j can be none, and is refused',
    async (name) => {
      const error = await failure(during([listed(name)], tags));
      expect(error).toMatchObject({ code: 'RESPONSE_INVALID', repository: 'r' });
      // oxlint-disable-next-line no-control-regex
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\uffff]{2}/);
    },
  );

  test('that only the specification would not have pass: registries have them', async () => {
    expect(await during([listed('-x+y')], tags)).toEqual(['-x+y', '1']);
    const rows = [
      { request: 'GET /v2/_catalog?n=1000', answer: { body: '{"repositories":["Team/App","a//b"]}' } },
    ];
    expect(await during(rows, (registry) => all(registry.repositories()))).toEqual(['Team/App', 'a//b']);
  });
});
