/**
 * Tag lists in pages: `n`, `last` and `Link`, which the official suite hardly asks for.
 * What is expected is a part of the whole list, so tags that are there already do not matter.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
import { demand, headerAbsent, refused, status } from './answer.ts';
import { group, once, rowsOf, table, type Case } from './case.ts';
import { word, type Content } from './content.ts';
import { artifact } from './documents.ts';
import type { Answer } from './http.ts';
import { MANIFEST } from './mediatype.ts';
import type { Registry } from './registry.ts';
import { allTags, nextPage, pages, readTags, sorted } from './taglist.ts';

/** Names that tell the orders apart: digits, both cases, and all that a tag may begin or go on with. */
const NAMES = [
  '0',
  '10',
  '9',
  'Beta',
  'alpha',
  'beta',
  'Gamma',
  '_hidden',
  'latest',
  'v1',
  'v1.0',
  'v1-rc.1',
];

export function tagCases(registry: Registry): Case[] {
  const { two } = registry;
  const suffix = word();
  const own = NAMES.map((name) => `${name}-${suffix}`);
  const pushed = once(() => pushTags(registry, own));
  /** The whole list, when the suite's own tags are on it. */
  const whole = async (): Promise<string[]> => {
    await pushed();
    return await allTags(registry, two);
  };
  const page = async (
    query: string,
  ): Promise<{ readonly answer: Answer; readonly tags: readonly string[] }> => {
    await pushed();
    const answer = await registry.tags(two, query);
    return { answer, tags: readTags(answer, two) };
  };
  const asked = (query: string, wanted: (all: string[]) => string[]): (() => Promise<void>) => {
    return async () => {
      const all = await whole();
      const { answer, tags } = await page(query);
      same(answer, tags, wanted(all));
      more(answer, wanted(all).at(-1) !== undefined && wanted(all).at(-1) !== all.at(-1));
    };
  };
  const parts = group('tags', {
    'a tag pushed is listed, and once when pushed twice': async () => {
      const { manifest } = await pushed();
      status(await registry.putManifest(two, own[0] ?? '', manifest.bytes, MANIFEST), 201);
      const all = await whole();
      const missing = own.filter((tag) => !all.includes(tag));
      demand(missing.length === 0, await registry.tags(two), `a list with ${missing.join(', ')}`);
    },
    'in ASCII order, or in lexical order': async () => {
      const all = await whole();
      demand(sorted(all), await registry.tags(two), 'tags in order', all.join(', '));
    },
    'n=1': asked('?n=1', (all) => all.slice(0, 1)),
    'n=5': asked('?n=5', (all) => all.slice(0, 5)),
    'n larger than what there is': asked('?n=1000', (all) => all.slice(0, 1000)),
    'n exactly what there is': async () => {
      const all = await whole();
      await asked(`?n=${all.length}`, () => all)();
    },
    'n one less than what there is': async () => {
      const all = await whole();
      await asked(`?n=${all.length - 1}`, () => all.slice(0, -1))();
    },
    'n=0: none, and no Link': async () => {
      const { answer, tags } = await page('?n=0');
      same(answer, tags, []);
      headerAbsent(answer, 'Link');
    },
    'n=0 with last: none, and no Link': async () => {
      const { answer, tags } = await page(`?n=0&last=${(await whole())[0]}`);
      same(answer, tags, []);
      headerAbsent(answer, 'Link');
    },
    'last is not in the list itself': async () => {
      const all = await whole();
      await asked(`?last=${all[4]}`, () => all.slice(5))();
    },
    'last with n': async () => {
      const all = await whole();
      await asked(`?n=3&last=${all[1]}`, () => all.slice(2, 5))();
    },
    'n after last, in the other order of parameters': async () => {
      const all = await whole();
      await asked(`?last=${all[1]}&n=3`, () => all.slice(2, 5))();
    },
    'last, the end of the list: none, and not null': async () => {
      const all = await whole();
      await asked(`?last=${all.at(-1)}`, () => [])();
    },
    'last beyond the end: none, and not null': asked('?last=zzzzzzzz&n=3', (all) =>
      all.filter((tag) => tag > 'zzzzzzzz'),
    ),
    'last that is no tag here': async () => {
      const all = await whole();
      // With a dot more, it stands just behind `alpha` in either order.
      const alpha = own[NAMES.indexOf('alpha')] ?? '';
      await asked(`?n=2&last=${alpha}.`, () => all.slice(all.indexOf(alpha) + 1).slice(0, 2))();
    },
    // A number is before all letters in either order.
    'last that is a number is a tag, not an index': asked('?last=3', (all) => all.filter((tag) => tag > '3')),
    'Link leads through all tags, one at a time': () => walked(registry, whole, 1),
    'Link leads through all tags, five at a time': () => walked(registry, whole, 5),
  });
  const ends = group('tags', {
    'tags deleted are not listed': async () => {
      await pushed();
      for (const tag of own) status(await registry.manifest('DELETE', two, tag), 202);
      const left = await allTags(registry, two);
      const answer = await registry.tags(two);
      demand(!own.some((tag) => left.includes(tag)), answer, `none of ${own.join(', ')}`);
    },
    'a repository whose tags are gone: an array or no repository': async () => {
      const { manifest, blob } = await pushed();
      for (const tag of own) await registry.manifest('DELETE', two, tag);
      readTags(await registry.tags(two), two);
      status(await registry.manifest('DELETE', two, manifest.digest), 202);
      await registry.blob('DELETE', two, blob.digest);
      const answer = await registry.tags(two);
      if (answer.status === 404) refused(answer, [404], ['NAME_UNKNOWN']);
      else readTags(answer, two);
    },
  });
  return [...parts, ...oddQueries(registry, pushed), ...ends];
}

async function pushTags(
  registry: Registry,
  tags: readonly string[],
): Promise<{ manifest: Content; blob: Content }> {
  const { manifest, blob } = artifact();
  await registry.push(registry.two, blob);
  for (const tag of tags)
    status(await registry.putManifest(registry.two, tag, manifest.bytes, MANIFEST), 201);
  return { manifest, blob };
}

/** Requests that are no number of tags: refused, or read as some sensible number. */
function oddQueries(registry: Registry, pushed: () => Promise<unknown>): Case[] {
  const numbers = [
    'n=-1',
    'n=abc',
    'n=1e9',
    'n=',
    'n=0x10',
    'n=1.5',
    `n=${'9'.repeat(40)}`,
    'n=1&n=2',
    'n=%00',
  ];
  const lasts = ['last=..%2f', 'last=%00', 'last=-', `last=${'a'.repeat(200)}`, 'last=%ff', 'n=2&last='];
  return table('tags', rowsOf([...numbers, ...lasts]), async (query) => {
    await pushed();
    const answer = status(await registry.tags(registry.two, `?${query}`), 200, 400);
    if (answer.status === 400) refused(answer, [400]);
    else readTags(answer, registry.two);
  });
}

async function walked(registry: Registry, whole: () => Promise<string[]>, n: number): Promise<void> {
  const all = await whole();
  const list = await pages(registry, registry.two, `?n=${n}`);
  const answer = await registry.tags(registry.two, `?n=${n}`);
  same(answer, list.flat(), all);
  const short = list.slice(0, -1).filter((page) => page.length === 0 || page.length > n);
  demand(
    short.length === 0,
    answer,
    `pages of 1 to ${n} tags`,
    `pages of ${list.map((page) => page.length).join(', ')}`,
  );
}

function same(answer: Answer, tags: readonly string[], wanted: readonly string[]): void {
  demand(tags.join() === wanted.join(), answer, `tags [${wanted.join(', ')}]`, `[${tags.join(', ')}]`);
}

/** Whether a `Link` says that there are more. */
function more(answer: Answer, wanted: boolean): void {
  if (wanted) demand(nextPage(answer) !== undefined, answer, 'a Link to the tags that are left', 'none');
  else headerAbsent(answer, 'Link');
}
