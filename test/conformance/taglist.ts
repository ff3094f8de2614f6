/**
 * Reads tag lists, page by page, and demands their form.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
import { demand, jsonObject, status } from './answer.ts';
import type { Answer } from './http.ts';
import type { Registry } from './registry.ts';

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const MOST_PAGES = 1000;

/** The tags of a page: never null, each one a tag, none twice. */
export function readTags(answer: Answer, repository: string): string[] {
  const { name, tags } = jsonObject(status(answer, 200));
  demand(name === repository, answer, `"name": ${JSON.stringify(repository)}`);
  demand(Array.isArray(tags), answer, '"tags", an array and never null');
  const list = (tags as unknown[]).map((tag) => {
    demand(typeof tag === 'string' && TAG.test(tag), answer, `tags, not ${JSON.stringify(tag)}`);
    return tag;
  });
  demand(new Set(list).size === list.length, answer, 'each tag once');
  return list;
}

/** Where the next page is, if the answer says that there is one. */
export function nextPage(answer: Answer): string | undefined {
  const lines = answer.headers.get('link');
  if (lines === undefined) return undefined;
  const [, target, parameters] = /^<([^<>]*)>(.*)$/.exec(lines.join(', ')) ?? [];
  demand(target !== undefined && parameters !== undefined, answer, 'Link: <…>', `Link: ${lines.join(', ')}`);
  demand(/; *rel="?next"?/.test(parameters), answer, 'a Link with rel="next"', `Link: ${lines.join(', ')}`);
  if (/^(https?:\/)?\//i.test(target)) return target;
  const { pathname, search } = new URL(target, new URL(answer.path, 'http://127.0.0.1'));
  return pathname + search;
}

/** All pages, from one request on to the last `Link`. */
export async function pages(registry: Registry, repository: string, query = ''): Promise<string[][]> {
  let answer = await registry.tags(repository, query);
  const list = [readTags(answer, repository)];
  for (let next = nextPage(answer); next !== undefined; next = nextPage(answer)) {
    answer = await registry.send('GET', next);
    list.push(readTags(answer, repository));
    demand(
      list.length < MOST_PAGES,
      answer,
      `an end of the pages before ${MOST_PAGES}`,
      'a Link to yet another',
    );
  }
  return list;
}

/** All tags of a repository. */
export async function allTags(registry: Registry, repository: string): Promise<string[]> {
  return (await pages(registry, repository)).flat();
}

/** Whether the tags are in ASCII order, or in the order of words. */
export function sorted(tags: readonly string[]): boolean {
  const inOrder = (key: (tag: string) => string): boolean =>
    tags.every((tag, i) => i === 0 || key(tags[i - 1] ?? '') <= key(tag));
  return inOrder((tag) => tag) || inOrder((tag) => tag.toLowerCase());
}
