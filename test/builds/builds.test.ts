import { describe, expect, test } from 'vitest';
import {
  buildIdOf,
  createBuilds,
  formatIndexes,
  parseIndexCache,
  parseSources,
  parseStaging,
} from '../../src/builds/index.ts';
import { mediaTypes, parseDigest } from '../../src/oci/index.ts';
import { plannedRequests } from '../../src/plan/index.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { createWorld, digest, emptyCache, entry, idOf, memoryLedger, run, sourcesJson } from './world.ts';

describe('the id of a build', () => {
  const zero = parseDigest(`sha256:${'0'.repeat(64)}`);

  test('is the SHA-256 of its parts as Go writes them, with a line break', () => {
    // printf '{"sourceId":"a\\u003cb","arch":"amd64","parents":{"x:1":"sha256:%064d"}}\n' 0 | sha256sum
    const parents = new Map([['x:1', zero]]);
    expect(buildIdOf({ sourceId: 'a<b', arch: 'amd64', parents })).toBe(
      '5e680d2b52486b9769c12d4141ede69cb59d5c092d8beb3feecb3b7d1fc79155',
    );
  });

  test('keeps the order of the parents, also of names that look like numbers', () => {
    // printf '{"sourceId":"s","arch":"amd64","parents":{"b":"sha256:%064d","7":"sha256:%064d"}}\n' 0 0 | sha256sum
    expect(
      buildIdOf({ sourceId: 's', arch: 'amd64', parents: new Map([['b', zero], ['7', zero]]) }), // prettier-ignore
    ).toBe('1dc3359aa39140d3c9e328cd6ab162b24b210e00db8986a4feed9a2cfa79bbf7');
  });
});

describe('parents', () => {
  test('a live tag, a pin, another source, and scratch', async () => {
    const world = createWorld();
    await world.put('library/alpine', '3', { amd64: 'alpine' });
    const pin = await world.put('library/debian', '12', { amd64: 'debian' });
    const base = idOf('base', 'amd64', { 'alpine:3': digest('alpine') });
    await world.put('staging/amd64', base, { amd64: 'built base' });
    const { builds } = await run(
      world,
      sourcesJson({
        empty: { amd64: { scratch: {} } },
        base: { amd64: { 'alpine:3': { sourceId: null, pin: null } } },
        child: { amd64: { 'base:1': { sourceId: 'base' }, scratch: {}, 'debian:12': { pin } } },
      }),
    );
    expect(builds['empty amd64']?.buildId).toBe(idOf('empty', 'amd64', {}));
    expect(builds['base amd64']).toMatchObject({
      buildId: base,
      build: {
        img: `staging/amd64:${base}`,
        parents: { 'alpine:3': digest('alpine') },
        resolved: { manifests: [{ digest: digest('built base') }] },
      },
    });
    expect(builds['child amd64']?.build.parents).toEqual({
      'base:1': digest('built base'),
      'debian:12': digest('debian'),
    });
  });

  test('one that is not there means not yet, for the children too', async () => {
    const world = createWorld();
    await world.put('library/alpine', '3', { arm64v8: 'of another architecture' });
    await world.put('library/debian', '12', { amd64: 'debian' });
    const { builds } = await run(
      world,
      sourcesJson({
        here: { amd64: { 'debian:12': {} } },
        gone: { amd64: { 'nowhere:1': {} } },
        other: { amd64: { 'alpine:3': {} } },
        'child of gone': { amd64: { 'gone:1': { sourceId: 'gone' } } },
        // Its parent can be built, and is not yet.
        'child of here': { amd64: { 'here:1': { sourceId: 'here' } } },
      }),
    );
    expect(Object.keys(builds)).toEqual(['here amd64']);
    expect(builds['here amd64']?.build.resolved).toBeNull();
  });

  test('one may stand later in the file, and ten thousand above one another', async () => {
    const world = createWorld();
    const chain = Array.from({ length: 10_000 }, (_, at): [string, object] => [
      `s${at}`,
      { amd64: at === 9_999 ? {} : { parent: { sourceId: `s${at + 1}` } } },
    ]);
    const { builds } = await run(world, sourcesJson(Object.fromEntries(chain) as never));
    // The last of them can be built, and nothing before that.
    expect(Object.keys(builds)).toEqual(['s9999 amd64']);
  });

  test('what the registry will not show us is not there for us', async () => {
    const world = createWorld();
    world.refuse((request) =>
      request.includes('secret')
        ? new RegistryError('DENIED', 'no', { status: 403 })
        : request.includes('strange')
          ? new RegistryError('UNAUTHORIZED', 'who', { status: 401 })
          : undefined,
    );
    const { builds } = await run(
      world,
      sourcesJson({ a: { amd64: { 'secret:1': {} } }, b: { amd64: { 'strange:1': {} } } }),
    );
    expect(builds).toEqual({});
  });

  test('any other failure is one of the run', async () => {
    const world = createWorld();
    world.refuse(() => new RegistryError('UNAVAILABLE', 'down', { status: 503 }));
    await expect(run(world, sourcesJson({ a: { amd64: { 'x:1': {} } } }))).rejects.toThrow('down');
  });

  test('an index with two images for an architecture is an error that says which', async () => {
    const world = createWorld();
    const attestation = {
      ...entry('amd64', 'attestation'),
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': digest('one'),
      },
    };
    const sources = sourcesJson({ a: { amd64: { 'x:1': {} } } });
    await world.putEntries('library/x', '1', [entry('amd64', 'one'), attestation]);
    expect((await run(world, sources)).builds['a amd64']?.build.parents).toEqual({ 'x:1': digest('one') });
    await world.putEntries('library/x', '1', [entry('amd64', 'one'), entry('amd64', 'two')]);
    await expect(run(world, sources)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: `x:1 has 2 images for amd64, where there must be one: ${digest('one')} and ${digest('two')}`,
    });
  });
});

describe('the output', () => {
  test('is in the order of the file, as jq writes it, the source with its own architecture alone', async () => {
    const world = createWorld();
    await world.put('library/x', '1', { amd64: 'x' });
    const sources = `{
      "key": {"z": 1.50, "sourceId": "s", "arches": {
        "s390x": {"parents": {"scratch": {}}, "tags": ["t:1"], "9": [], "8": {}},
        "amd64": {"tags": ["t:1"], "parents": {"x:1": {"pin": null}}}
      }, "entries": [{"<": "\\u00e9"}], "2": null, "1": 12345678901234567890}
    }`;
    const { text, builds } = await run(world, sources, { staging: 'staging:ARCH-BUILD' });
    expect(Object.keys(builds)).toEqual(['s s390x', 's amd64']);
    const id = idOf('s', 's390x', {});
    expect(text.slice(0, text.indexOf('\n\t},') + 4)).toBe(`{
	"${id}": {
		"buildId": "${id}",
		"build": {
			"img": "staging:s390x-${id}",
			"resolved": null,
			"sourceId": "s",
			"arch": "s390x",
			"parents": {},
			"resolvedParents": {}
		},
		"source": {
			"z": 1.50,
			"sourceId": "s",
			"arches": {
				"s390x": {
					"parents": {
						"scratch": {}
					},
					"tags": [
						"t:1"
					],
					"9": [],
					"8": {}
				}
			},
			"entries": [
				{
					"<": "é"
				}
			],
			"2": null,
			"1": 12345678901234567890
		}
	},`);
  });

  test('names where images are as Docker does: by digest without a tag', async () => {
    const world = createWorld();
    const live = await world.put('library/x', '1', { amd64: 'x' });
    const pin = await world.put('library/y', '1', { amd64: 'y' });
    const { builds } = await run(
      world,
      sourcesJson({ s: { amd64: { 'x:1': {}, 'docker.io/library/y:1': { pin } } } }),
    );
    const name = 'org.opencontainers.image.ref.name';
    expect(builds['s amd64']?.build.resolvedParents).toMatchObject({
      'x:1': {
        annotations: { [name]: `x:1@${live}` },
        manifests: [{ annotations: { [name]: `x:1@${digest('x')}` } }],
      },
      'docker.io/library/y:1': {
        annotations: { [name]: `y@${pin}` },
        manifests: [{ annotations: { [name]: `y@${digest('y')}` } }],
      },
    });
  });

  test('of nothing is an empty object', async () => {
    expect((await run(createWorld(), '{}')).text).toBe('{}\n');
  });

  test('comes as soon as it and what is before it is known', async () => {
    const world = createWorld();
    let release = (): void => {};
    const gate = new Promise<void>((open) => (release = open));
    const last = idOf('s3', 'amd64', {});
    const registry = world.registryOf('');
    const builds = createBuilds({
      sources: await parseSources(sourcesJson({ s1: { amd64: {} }, s2: { amd64: {} }, s3: { amd64: {} } })),
      staging: parseStaging('staging/ARCH:BUILD'),
      registryOf: () => ({
        ...registry,
        async getManifest(repository, reference, options) {
          if (reference === last) await gate;
          return registry.getManifest(repository, reference, options);
        },
      }),
    });
    const first = await builds.next();
    expect(first.value?.target.source.sourceId).toBe('s1');
    expect((await builds.next()).value?.target.source.sourceId).toBe('s2');
    release();
    expect((await builds.next()).value?.target.source.sourceId).toBe('s3');
  });
});

describe('requests', () => {
  /** Many builds that start from nothing, of which some are there. */
  const many = (count: number): string =>
    sourcesJson(Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, { amd64: {} }])));
  const idAt = (at: number): string => idOf(`s${at}`, 'amd64', {});

  test('a list of tags spares those for what is not there', async () => {
    const world = createWorld();
    for (let at = 0; at < 30; at++)
      if (at % 3 > 0) await world.put('staging/amd64', idAt(at), { amd64: `b${at}` });
    const { requests, builds, plans } = await run(world, many(30));
    expect(Object.values(builds).filter(({ build }) => build.resolved !== null)).toHaveLength(20);
    expect(requests.filter((request) => request.startsWith('TAGS'))).toEqual(['TAGS staging/amd64']);
    expect(requests).toHaveLength(21);
    expect(plans.map(({ when, plan }) => [when, plan.requests])).toEqual([
      ['from the files alone', { 'GET ping': 1, 'GET token': 1, 'GET tags': 1, 'GET manifest': 30 }],
      ['after the tag lists', { 'GET ping': 1, 'GET token': 1, 'GET tags': 1, 'GET manifest': 20 }],
    ]);
  });

  test('a few builds are asked for one by one', async () => {
    const world = createWorld();
    const { requests } = await run(world, many(3));
    expect(requests.toSorted()).toEqual([0, 1, 2].map((at) => `GET staging/amd64:${idAt(at)}`).toSorted());
  });

  test('a list that is long beside what it may tell is left after its first page', async () => {
    const world = createWorld();
    for (let at = 0; at < 20; at++) await world.put('staging/amd64', idAt(at), { amd64: `b${at}` });
    // Old builds, of which there are many times as many.
    for (let at = 0; at < 3000; at++) await world.put('staging/amd64', idOf('old', String(at), {}), {});
    const { requests } = await run(world, many(20));
    const lists = requests.filter((request) => request.startsWith('TAGS'));
    expect(lists).toEqual(['TAGS staging/amd64']);
    // Those that the page would have shown are known to be there; all are asked for.
    expect(requests).toHaveLength(21);
  });

  test('a list is read on where most of what is looked for is missing', async () => {
    const world = createWorld();
    for (let at = 0; at < 2500; at++) await world.put('staging/amd64', idOf('old', String(at), {}), {});
    const { requests, plans } = await run(world, many(200));
    const lists = requests.filter((request) => request.startsWith('TAGS'));
    expect(lists).toHaveLength(3);
    expect(lists[1]).toMatch(/^TAGS staging\/amd64 after [0-9a-f]{64}$/);
    // Nothing is there, and nothing was asked for.
    expect(requests).toHaveLength(3);
    expect(plans.at(-1)?.plan.requests).toEqual({ 'GET ping': 1, 'GET token': 1, 'GET tags': 3 });
  });

  test('where there is no list, all are asked for; where there is no repository, none', async () => {
    const world = createWorld();
    world.refuse((request) =>
      request.startsWith('TAGS') ? new RegistryError('UNSUPPORTED', 'no lists', { status: 405 }) : undefined,
    );
    expect((await run(world, many(30))).requests).toHaveLength(31);
    world.refuse((request) =>
      request.startsWith('TAGS') ? new RegistryError('NAME_UNKNOWN', 'unknown', { status: 404 }) : undefined,
    );
    expect((await run(world, many(30))).requests).toEqual(['TAGS staging/amd64']);
  });

  test('one repository for all architectures has one list', async () => {
    const world = createWorld();
    const ids = ['amd64', 'arm64v8'].flatMap((arch) =>
      Array.from({ length: 20 }, (_, at) => `${arch}-${idOf(`s${at}`, arch, {})}`),
    );
    for (const tag of ids.slice(0, 30)) await world.put('all', tag, { [tag.split('-')[0] as string]: tag });
    const sources = sourcesJson(
      Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`s${at}`, { amd64: {}, arm64v8: {} }])),
    );
    const { requests, builds } = await run(world, sources, { staging: 'example.test/all:ARCH-BUILD' });
    expect(requests.filter((request) => request.startsWith('TAGS'))).toEqual(['TAGS all']);
    expect(requests).toHaveLength(31);
    expect(Object.values(builds).filter(({ build }) => build.resolved !== null)).toHaveLength(30);
  });

  test('each image that builds start from is looked up once, and what the cache knows is not', async () => {
    const world = createWorld();
    await world.put('library/x', '1', { amd64: 'x', arm64v8: 'x for arm' });
    const pin = await world.put('library/y', '1', { amd64: 'y' });
    const sources = sourcesJson({
      a: { amd64: { 'x:1': {} }, arm64v8: { 'docker.io/library/x:1': {} } },
      b: { amd64: { 'x:1': {}, 'y:1': { pin } } },
    });
    const cache = await emptyCache();
    const cold = await run(world, sources, { cache });
    expect(cold.requests.filter((request) => request.startsWith('GET library')).toSorted()).toEqual([
      'GET library/x:1',
      `GET library/y@${pin}`,
    ]);
    const id = idOf('a', 'amd64', { 'x:1': digest('x') });
    await world.put('staging/amd64', id, { amd64: 'built' });
    await run(world, sources, { cache });
    const text = [...formatIndexes(cache.kept())].join('');
    expect(Object.keys((JSON.parse(text) as { indexes: object }).indexes)).toEqual([
      `staging/amd64:${id}`,
      `y@${pin}`,
    ]);
    const warm = await run(world, sources, { cache: await parseIndexCache(text) });
    expect(warm.requests.toSorted()).toEqual([
      'GET library/x:1',
      `GET staging/amd64:${idOf('b', 'amd64', { 'x:1': digest('x'), 'y:1': digest('y') })}`,
      `GET staging/arm64v8:${idOf('a', 'arm64v8', { 'docker.io/library/x:1': digest('x for arm') })}`,
    ]);
  });

  test('where a cache knows the others, the list is asked for those that it does not know', async () => {
    const world = createWorld();
    for (let at = 0; at < 20; at++) await world.put('staging/amd64', idAt(at), { amd64: `b${at}` });
    const cache = await emptyCache();
    await run(world, many(20), { cache });
    const text = [...formatIndexes(cache.kept())].join('');
    const again = await run(world, many(20), { cache: await parseIndexCache(text) });
    expect(again.requests).toEqual([]);
    expect(again.plans[0]?.plan.requests['GET manifest']).toBeUndefined();
    // Four new ones, none of which is there.
    const more = await run(world, many(24), { cache: await parseIndexCache(text) });
    expect(more.requests).toEqual(['TAGS staging/amd64']);
  });

  test('what is built on others is planned as far as there are tags that nobody has a claim to', async () => {
    const world = createWorld();
    const fixtures: Record<string, Record<string, Record<string, { sourceId: string }>>> = {};
    const cache = await emptyCache();
    for (let at = 0; at < 20; at++) {
      fixtures[`s${at}`] = { amd64: {} };
      fixtures[`c${at}`] = { amd64: { up: { sourceId: `s${at}` } } };
      await world.put('staging/amd64', idAt(at), { amd64: `b${at}` });
    }
    const child = (at: number): string => idOf(`c${at}`, 'amd64', { up: digest(`b${at}`) });
    const json = sourcesJson(fixtures);
    // Of the children three are there, of which the cache knows one, and so is something else.
    for (const at of [1, 2, 3]) await world.put('staging/amd64', child(at), { amd64: `c${at}` });
    await world.put('staging/amd64', 'latest', { amd64: 'something else' });
    cache.keep(`staging/amd64:${child(1)}`, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], annotations: {} }); // prettier-ignore
    const refusing = await run(world, json, { cache });
    expect(refusing.plans.map(({ plan }) => plan.requests['GET manifest'])).toEqual([40, 23]);
    expect(refusing.requests.filter((request) => request.startsWith('GET'))).toHaveLength(22);
  });

  test('tokens are asked for together, for what will be asked, before anything else', async () => {
    const world = createWorld();
    await world.put('library/x', '1', { amd64: 'x' });
    const asked: unknown[] = [];
    await run(world, sourcesJson({ a: { amd64: { 'x:1': {} }, s390x: { 'other.test/y:1': {} } } }), {
      authorize: async (host, repositories) => {
        asked.push([host, repositories.toSorted(), world.requests.length]);
      },
    });
    expect(asked).toEqual([['docker.io', ['library/x', 'staging/amd64', 'staging/s390x'], 0]]);
  });

  test('platforms that an index leaves out come on top of the plan, and are told before', async () => {
    const world = createWorld();
    const { platform: _, ...bare } = entry('amd64', 'x');
    await world.putEntries('library/x', '1', [bare]);
    const failing = await run(world, sourcesJson({ a: { amd64: { 'x:1': {} } } })).catch(
      (error: unknown) => error,
    );
    // Its manifest is not there, which tests do not need: that it was going to be asked for is told.
    expect(failing).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
    expect(world.requests).toEqual(['GET library/x:1', `GET library/x@${digest('x')}`]);
  });
});

describe('several processes', () => {
  const sources = sourcesJson(
    Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [
        `s${at}`,
        { amd64: at % 4 === 3 ? { up: { sourceId: `s${at - 1}` } } : { 'x:1': {} } },
      ]),
    ),
  );
  const worldOf = async (): Promise<ReturnType<typeof createWorld>> => {
    const world = createWorld();
    await world.put('library/x', '1', { amd64: 'x' });
    for (let at = 0; at < 40; at += 2) {
      const id = idOf(`s${at}`, 'amd64', { 'x:1': digest('x') });
      await world.put('staging/amd64', id, { amd64: `b${at}` });
    }
    return world;
  };

  test('parts by a hash hold each build once, and cost no more together', async () => {
    const world = await worldOf();
    const whole = await run(world, sources);
    const ledger = memoryLedger();
    const parts = await Promise.all(
      [1, 2, 3].map((number) => run(world, sources, { ledger, shard: { number, of: 3 } })),
    );
    const names = parts.flatMap(({ builds }) => Object.keys(builds));
    expect(names.toSorted()).toEqual(Object.keys(whole.builds).toSorted());
    expect(parts.every(({ builds }) => Object.keys(builds).length > 0)).toBe(true);
    expect(world.requests.slice(whole.requests.length).toSorted()).toEqual(whole.requests.toSorted());
  });

  test('from a queue, each takes what nobody else has', async () => {
    const world = await worldOf();
    const whole = await run(world, sources);
    const ledger = memoryLedger();
    const parts = await Promise.all([1, 2].map(() => run(world, sources, { ledger, queue: true })));
    expect(parts.flatMap(({ builds }) => Object.keys(builds)).toSorted()).toEqual(
      Object.keys(whole.builds).toSorted(),
    );
    expect(parts.every(({ builds }) => Object.keys(builds).length > 0)).toBe(true);
    expect(world.requests).toHaveLength(2 * whole.requests.length);
  });

  test('without a ledger, a part asks for what it needs, and for no more', async () => {
    const world = await worldOf();
    const { requests, builds } = await run(world, sources, { shard: { number: 1, of: 8 } });
    expect(requests.length).toBeLessThanOrEqual(2 + 2 * Object.keys(builds).length);
  });
});

test('the plan is an upper bound, and says so before the first request', async () => {
  const world = createWorld();
  const seen: [number, number][] = [];
  await run(world, sourcesJson({ a: { amd64: { 'x:1': {} } } }), {
    onPlan: (plan) => seen.push([plannedRequests(plan), world.requests.length]),
  });
  expect(seen[0]?.[1]).toBe(0);
  expect(world.requests.length).toBeLessThanOrEqual(Math.min(...seen.map(([planned]) => planned)));
});
