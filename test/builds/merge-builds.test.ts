import { describe, expect, test } from 'vitest';
import { mergeBuilds, parseSources, type BuildsPart } from '../../src/builds/index.ts';
import { createWorld, digest, idOf, run, sourcesJson } from './world.ts';

const json = sourcesJson({
  base: { amd64: { 'x:1': {} }, s390x: { 'x:1': {} } },
  child: { amd64: { 'base:1': { sourceId: 'base' } } },
  other: { amd64: {} },
  never: { amd64: { 'nowhere:1': {} } },
});

/** As much of a build as tests change. */
interface Editable {
  readonly build: { sourceId: string; readonly parents: Record<string, string> };
}

function edit(
  builds: Readonly<Record<string, Editable>>,
  id: string,
  change: (build: Editable['build']) => void,
): void {
  const found = builds[id];
  if (found === undefined) throw new Error(`there is no build ${id}`);
  change(found.build);
}

/** The parts of a run, and what one process would have written. */
async function parts(of: number): Promise<{ whole: string; parts: string[] }> {
  const world = createWorld();
  await world.put('library/x', '1', { amd64: 'x', s390x: 'x for s390x' });
  await world.put('staging/amd64', idOf('base', 'amd64', { 'x:1': digest('x') }), { amd64: 'base' });
  const { text: whole } = await run(world, json);
  const texts: string[] = [];
  for (let number = 1; number <= of; number++)
    texts.push((await run(world, json, { shard: { number, of } })).text);
  return { whole, parts: texts };
}

const part = (text: string, at: number): BuildsPart => ({
  name: `part${at + 1}.json`,
  read: async function* () {
    yield* text.match(/[^]{1,100}/g) ?? [];
  },
});

async function merged(texts: readonly string[]): Promise<string> {
  let all = '';
  for await (const piece of mergeBuilds(await parseSources(json), texts.map(part))) all += piece;
  return all;
}

test('parts are what one process would have written', async () => {
  for (const of of [1, 2, 3, 7]) {
    const { whole, parts: texts } = await parts(of);
    expect(await merged(texts)).toBe(whole);
    expect(await merged(texts.toReversed())).toBe(whole);
  }
});

test('also when others have formatted them anew, and where two have the same', async () => {
  const { whole, parts: texts } = await parts(2);
  const compact = texts.map((text) => JSON.stringify(JSON.parse(text)));
  expect(await merged([...compact, ...texts])).toBe(whole);
});

test('of nothing comes nothing', async () => {
  const none = await parseSources('{}');
  let all = '';
  for await (const piece of mergeBuilds(none, [part('{}', 0)])) all += piece;
  expect(all).toBe('{}\n');
});

describe('refused, before anything is written', () => {
  /** What is done with the only part. */
  const changed = async (change: (builds: Record<string, Editable>) => unknown): Promise<string> => {
    const { whole } = await parts(1);
    const builds = JSON.parse(whole) as Record<string, Editable>;
    return JSON.stringify(change(builds) ?? builds);
  };
  const baseId = idOf('base', 'amd64', { 'x:1': digest('x') });

  test('a part that is cut off, or something else', async () => {
    const { whole } = await parts(1);
    await expect(merged([whole.slice(0, -20)])).rejects.toThrow('part1.json: ');
    await expect(merged(['[]'])).rejects.toThrow('part1.json: not a JSON object');
    await expect(merged(['{"a": 1}'])).rejects.toThrow('part1.json: /a/buildId: want a text');
  });

  test('two parts with different things for one build', async () => {
    const { whole } = await parts(1);
    const other = whole.replace('"resolved": null', '"resolved": {}');
    await expect(merged([whole, other])).rejects.toThrow(/^part2\.json: .* is not what part1\.json has/);
  });

  test('builds in another order', async () => {
    const text = await changed((builds) => Object.fromEntries(Object.entries(builds).toReversed()));
    await expect(merged([text])).rejects.toThrow('does not stand in the order of the sources');
  });

  test('a build that one part has twice', async () => {
    const { whole } = await parts(1);
    const first = whole.slice(2, whole.indexOf('\n\t},') + 4);
    await expect(merged([whole.replace(first, `${first}${first}`)])).rejects.toThrow(
      'does not stand in the order of the sources',
    );
  });

  test('builds of other sources, or on other parents', async () => {
    const source = await changed((builds) =>
      edit(builds, baseId, (build) => void (build.sourceId = 'unknown')),
    );
    await expect(merged([source])).rejects.toThrow(
      `part1.json: /${baseId}/build: the sources have no unknown for amd64`,
    );
    const parent = await changed((builds) =>
      edit(builds, baseId, ({ parents }) => void (parents['x:1'] = digest('other'))),
    );
    await expect(merged([parent])).rejects.toThrow(
      'is not the id of a build of this source on these parents',
    );
    const more = await changed((builds) =>
      edit(builds, baseId, ({ parents }) => void (parents['y:1'] = digest('other'))),
    );
    await expect(merged([more])).rejects.toThrow('has other parents than the source');
  });

  test('a build that is missing, though its parents are there', async () => {
    const childId = idOf('child', 'amd64', { 'base:1': digest('base') });
    for (const id of [childId, idOf('other', 'amd64', {})]) {
      const text = await changed((builds) => void delete builds[id]);
      await expect(merged([text])).rejects.toThrow(/^no part has the build of (child|other) for amd64/);
    }
  });
});
