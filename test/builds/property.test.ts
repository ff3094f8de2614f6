import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIndexes, mergeBuilds, parseIndexCache, parseSources } from '../../src/builds/index.ts';
import { plannedRequests } from '../../src/plan/index.ts';
import { RegistryError } from '../../src/registry/index.ts';
import {
  createWorld,
  digest,
  emptyCache,
  idOf,
  memoryLedger,
  run,
  sourcesJson,
  type Ran,
  type SourceFixture,
  type World,
} from './world.ts';

const ARCHES = ['amd64', 'arm64v8', 's390x'];
const IMAGES = ['x:1', 'y:1', 'z:1'];

/** Which images there are, for which architectures; which builds; and what each source starts from. */
interface Case {
  readonly images: readonly (readonly boolean[])[];
  readonly sources: readonly {
    readonly arches: readonly boolean[];
    /** Numbers of images, and of sources before this one. */
    readonly images: readonly number[];
    readonly sources: readonly number[];
    readonly built: boolean;
  }[];
  readonly backwards: boolean;
  readonly pageSize: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  images: fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
  sources: fc.array(
    fc.record({
      arches: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      images: fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 2 }),
      sources: fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 2 }),
      built: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  backwards: fc.boolean(),
  pageSize: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 20 })),
});

/** The sources, and a world in which what was built is there: worked out by the rules, one architecture at a time. */
async function prepare({ images, sources, backwards, pageSize }: Case): Promise<{
  world: World;
  json: string;
  expected: ReadonlyMap<string, { id: string; resolved: boolean }>;
}> {
  const world = createWorld(pageSize);
  for (const [at, name] of IMAGES.entries()) {
    const there = ARCHES.filter((_, arch) => images[at]?.[arch]);
    if (there.length > 0)
      await world.put(
        `library/${name[0]}`,
        '1',
        Object.fromEntries(there.map((arch) => [arch, `${name} ${arch}`])),
      );
  }
  const expected = new Map<string, { id: string; resolved: boolean }>();
  const fixtures: [string, SourceFixture][] = [];
  for (const [at, source] of sources.entries()) {
    const arches: Record<string, Record<string, { sourceId?: string }>> = {};
    const wanted = ARCHES.filter((_, arch) => source.arches[arch]);
    for (const arch of wanted.length > 0 ? wanted : ['amd64']) {
      const parents: Record<string, { sourceId?: string }> = {};
      const digests: Record<string, string> = {};
      let waits = false;
      for (const number of source.images) {
        const name = IMAGES[number] ?? 'scratch';
        parents[name] = {};
        if (name === 'scratch') continue;
        if (images[number]?.[ARCHES.indexOf(arch)]) digests[name] = digest(`${name} ${arch}`);
        else waits = true;
      }
      for (const number of source.sources) {
        const [sourceId, base] = fixtures[number % Math.max(1, at)] ?? ['', {}];
        if (base[arch] === undefined) continue;
        parents[sourceId] = { sourceId };
        if (expected.get(`${sourceId} ${arch}`)?.resolved) digests[sourceId] = digest(`${sourceId} ${arch}`);
        else waits = true;
      }
      arches[arch] = parents;
      if (waits) continue;
      const id = idOf(`s${at}`, arch, digests);
      expected.set(`s${at} ${arch}`, { id, resolved: source.built });
      if (source.built) await world.put(`staging/${arch}`, id, { [arch]: `s${at} ${arch}` });
    }
    fixtures.push([`s${at}`, arches]);
  }
  const json = sourcesJson(Object.fromEntries(backwards ? fixtures.toReversed() : fixtures));
  return { world, json, expected };
}

/** Each plan, from the first one on, is for all that the run asks. */
function withinPlan({ requests, plans, beforehand }: Ran): void {
  expect(plans[0]).toEqual({ plan: beforehand, when: 'from the files alone' });
  for (const { plan } of plans) expect(requests.length).toBeLessThanOrEqual(plannedRequests(plan));
  const lists = requests.filter((request) => request.startsWith('TAGS')).length;
  const last = plans.at(-1)?.plan.requests ?? {};
  expect(lists).toBeLessThanOrEqual(last['GET tags'] ?? 0);
  expect(requests.length - lists).toBeLessThanOrEqual(last['GET manifest'] ?? 0);
}

test('whatever way it is found, the output is the same, within the plan, and what the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (plan) => {
      const { world, json, expected } = await prepare(plan);
      const cache = await emptyCache();
      const cold = await run(world, json, { cache });
      expect(
        Object.fromEntries(
          Object.entries(cold.builds).map(([name, { buildId, build }]) => [
            name,
            { id: buildId, resolved: build.resolved !== null },
          ]),
        ),
      ).toEqual(Object.fromEntries(expected));
      const text = [...formatIndexes(cache.kept())].join('');

      const warm = await run(world, json, { cache: await parseIndexCache(text) });
      expect(warm.text).toBe(cold.text);
      expect(warm.requests.length).toBeLessThanOrEqual(cold.requests.length);
      withinPlan(cold);
      withinPlan(warm);

      const ledger = memoryLedger();
      const shards = await Promise.all(
        [1, 2, 3].map((number) => run(world.apart(), json, { ledger, shard: { number, of: 3 } })),
      );
      const queued = await Promise.all(
        [1, 2].map(() =>
          run(world.apart(), json, { ledger: { ...memoryLedger(), next: ledger.next }, queue: true }),
        ),
      );
      for (const parts of [shards, queued]) {
        parts.forEach(withinPlan);
        let all = '';
        const read = parts.map(({ text: part }, at) => ({
          name: String(at),
          read: async function* () {
            yield part;
          },
        }));
        for await (const piece of mergeBuilds(await parseSources(json), read)) all += piece;
        expect(all).toBe(cold.text);
      }

      world.refuse((request) =>
        request.startsWith('TAGS') ? new RegistryError('UNSUPPORTED', 'no lists') : undefined,
      );
      const without = await run(world, json);
      expect(without.text).toBe(cold.text);
      withinPlan(without);
    }),
    { numRuns: 60 },
  );
});
