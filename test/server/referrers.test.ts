import { expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import { nextLink } from '../../src/protocol/index.ts';
import { createHandler, toFetchHandler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fetchTransport } from '../../src/transport/index.ts';
import { described, named } from '../oci/words.ts';
import { ask, replacing } from './ask.ts';

const LIMIT = 4 * 1024 * 1024;
const subject = named('subject');

// 11 MB of them, in no order.
const all: readonly Descriptor[] = Array.from({ length: 1100 }, (_, i) =>
  described(`referrer ${i}`, {
    artifactType: i % 10 === 0 ? 'application/vnd.tenth' : 'application/vnd.other',
    annotations: { 'org.example.note': 'ä'.repeat(i === 7 ? 1 : 5000) },
  }),
);
const registry = replacing(memoryRegistry(), 'referrers', async function* (_, __, { artifactType } = {}) {
  yield* all.filter((it) => artifactType === undefined || it.artifactType === artifactType);
});
const handler = createHandler(registry);

/** The digests of each page, from a request on to the last `Link`. */
async function pages(target: string): Promise<readonly (readonly string[])[]> {
  const list: string[][] = [];
  for (let next: string | undefined = target; next !== undefined;) {
    const { status, headers, text } = await ask(handler, `GET ${next}`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(mediaTypes.ociIndex);
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(text));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
    list.push((JSON.parse(text) as { manifests: Descriptor[] }).manifests.map(({ digest }) => digest));
    next = nextLink(headers['link'] === undefined ? [] : [headers['link']]);
  }
  return list;
}

const inOrder = (list: readonly Descriptor[]): readonly string[] => list.map(({ digest }) => digest).sort();

test('referrers over 4 MiB come in pages that can be read as a manifest, each once and in order', async () => {
  const list = await pages(`/v2/a/referrers/${subject}`);
  expect(list.length).toBe(3);
  expect(list.flat()).toEqual(inOrder(all));
});

test('the filter goes along from page to page', async () => {
  const type = 'application/vnd.other';
  const list = await pages(`/v2/a/referrers/${subject}?artifactType=${encodeURIComponent(type)}`);
  expect(list.length).toBeGreaterThan(1);
  expect(list.flat()).toEqual(inOrder(all.filter(({ artifactType }) => artifactType === type)));
});

test('a client gets all of them', async () => {
  const fetchHandler = toFetchHandler(handler);
  const transport = fetchTransport(async (url, init) => fetchHandler(new Request(url, init)));
  const found: Descriptor[] = [];
  for await (const it of registryClient('http://registry.test', { transport }).referrers('a', subject))
    found.push(it);
  expect(inOrder(found)).toEqual(inOrder(all));
  expect(found.find(({ digest }) => digest === named('referrer 7'))).toEqual(all[7]);
});

test('[A22] more than can be put in order are refused, not hidden', async () => {
  const [one] = all;
  const many = replacing(memoryRegistry(), 'referrers', async function* () {
    for (let left = 100_001; left > 0; left--) if (one !== undefined) yield one;
  });
  const { status, text } = await ask(createHandler(many), `GET /v2/a/referrers/${subject}`);
  expect(status).toBe(400);
  expect(text).toContain('more than 100000 referrers');
});

test('few come in one page, none as an empty one, and `last` may be anything', async () => {
  expect(await pages(`/v2/a/referrers/${subject}?artifactType=application/vnd.tenth`)).toHaveLength(1);
  expect(await pages(`/v2/a/referrers/${subject}?artifactType=none`)).toEqual([[]]);
  expect(await pages(`/v2/a/referrers/${subject}?last=zzz`)).toEqual([[]]);
  expect((await pages(`/v2/a/referrers/${subject}?last=../`)).flat()).toHaveLength(all.length);
});
