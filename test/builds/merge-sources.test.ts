import { describe, expect, it, test } from 'vitest';
import {
  mergeSources,
  readComputedFields,
  readPin,
  readPins,
  readSourceEntry,
  tagsToAskFor,
  withComputedFields,
} from '../../src/builds/index.ts';
import { formatJson, parseOrdered } from '../../src/json/index.ts';
import type { Json } from '../../src/oci/index.ts';
import { entryOf, printed, printedCheaply, type EntryFixture } from './entries.ts';
import { plain, sha } from './listed.ts';

interface Source {
  readonly entries: readonly { readonly GitCommit: string; readonly SOURCE_DATE_EPOCH: number }[];
  readonly arches: Readonly<Record<string, { tags: string[]; archTags: string[]; parents: Json }>>;
}

function merged(
  fixtures: readonly EntryFixture[],
  pins?: ReadonlyMap<string, string>,
): Record<string, Source> {
  return plain(
    mergeSources(
      fixtures.map((fixture) => entryOf(printed(fixture))),
      pins,
    ),
  ) as Record<string, Source>;
}

describe('mergeSources', () => {
  it('makes one source of entries of one, with all architectures, in the order in which they came', () => {
    const sources = mergeSources([
      entryOf(printed({ sourceId: '10', arch: 'arm64v8' })),
      entryOf(printed({ sourceId: '9', tags: ['b:1'] })),
      entryOf(printed({ sourceId: '10', arch: 'amd64' })),
    ]);
    expect([...sources.keys()]).toEqual(['10', '9']);
    const { arches } = (plain(sources) as Record<string, Source>)['10'] as Source;
    expect(Object.keys(arches)).toEqual(['arm64v8', 'amd64']);
  });

  it('leaves everything else as it is', () => {
    const document = printed() as Record<string, Json>;
    const sources = mergeSources([entryOf({ z: 1, ...document, a: { 2: 1, 1: 2 } })]);
    const parents = '"parents":{"scratch":{"sourceId":null,"pin":null}}';
    const expected = JSON.stringify({ z: 1, ...document, a: '' })
      .replace('"parents":{}', parents)
      .replace('"a":""', '"a":{"1":2,"2":1}');
    expect(formatJson(sources, { compact: true })).toBe(`{"source":${expected}}`);
  });

  it('joins the tags of the same source and architecture, each once', () => {
    const { source } = merged([
      { tags: ['a:1', 'a:latest'] },
      { tags: ['b:1', 'a:1'] },
      { tags: ['b:1'], arch: 'arm64v8' },
    ]);
    expect(source?.arches['amd64']).toMatchObject({
      tags: ['a:1', 'a:latest', 'b:1'],
      archTags: ['amd64/a:1', 'amd64/a:latest', 'amd64/b:1'],
    });
    expect(source?.arches['arm64v8']?.tags).toEqual(['b:1']);
  });

  it('has the oldest entry first, each once, and those of the same age as they came', () => {
    const { source } = merged([
      { commit: 'new', epoch: 5 },
      { commit: 'second', epoch: 3 },
      { commit: 'new', epoch: 5 },
      { commit: 'third', epoch: 3 },
      { commit: 'unknown', epoch: null },
    ]);
    expect(source?.entries.map(({ GitCommit }) => GitCommit)).toEqual(['unknown', 'second', 'third', 'new']);
  });

  it('finds parents by their tags, for the same architecture, wherever they stand; others by their pins', () => {
    const pins = new Map([['debian:12', sha('debian')]]);
    const { child } = merged(
      [
        {
          sourceId: 'child',
          tags: ['child:1'],
          froms: ['base:1', 'debian:12', 'amd64/base:1', 'base:1', 'else:1'],
        },
        { sourceId: 'base', tags: ['base:1'] },
        { sourceId: 'base for arm', tags: ['else:1'], arch: 'arm64v8' },
      ],
      pins,
    );
    expect(child?.arches['amd64']?.parents).toEqual({
      'base:1': { sourceId: 'base', pin: null },
      'debian:12': { sourceId: null, pin: sha('debian') },
      'amd64/base:1': { sourceId: 'base', pin: null },
      'else:1': { sourceId: null, pin: null },
    });
  });

  it('has no parents where nothing is named', () => {
    expect(merged([{ froms: [] }])['source']?.arches['amd64']?.parents).toBeNull();
  });

  it.each<[string, readonly EntryFixture[], string]>([
    [
      'entries of one source that differ in more than tags',
      [{ tags: ['a:1'] }, { tags: ['b:1'], platformString: 'linux/386' }],
      'b:1 (amd64) has the sourceId of a:1, but not only its tags are others: source',
    ],
    [
      'a parent that is two',
      [
        { sourceId: '1', tags: ['x:1'] },
        { sourceId: '2', tags: ['x:1'] },
        { sourceId: '3', froms: ['x:1'] },
      ],
      'x:1 is a tag of several sources for amd64: 1, 2',
    ],
    ['a source that was not looked into', [{ sourceId: null }], 'the sourceId of a:1 (amd64) is not known'],
  ])('refuses %s', (_, fixtures, message) => {
    expect(() => merged(fixtures)).toThrow(message);
  });
});

describe('what is dear', () => {
  const earlier = (...documents: readonly Json[]): string =>
    JSON.stringify(Object.fromEntries(documents.entries()));

  it('is taken from an earlier sources.json, for the same commit, folder, file, builder and architecture', async () => {
    const dear = printed({ froms: ['b:1', 'c:1'], lastStageFrom: 'c:1', epoch: 7 });
    const known = await readComputedFields(
      earlier(printed({ commit: 'other' }), dear, printed({ arch: 'arm64v8' })),
    );
    const cheap = entryOf(printedCheaply());
    expect(plain(withComputedFields(cheap, known).document)).toEqual(dear);
    const elsewhere = entryOf(printedCheaply({ arch: 's390x' }));
    expect(withComputedFields(elsewhere, known)).toBe(elsewhere);
  });

  it('is taken from files as they were until 2024, too', async () => {
    const { entries, ...rest } = printed() as { entries: readonly Json[] };
    const known = await readComputedFields(earlier({ ...rest, entry: entries[0] as Json }));
    expect(plain(withComputedFields(entryOf(printedCheaply()), known).document)).toEqual(printed());
  });

  it('is asked for where it is not known, by the first tag', () => {
    const entries = [
      printedCheaply({ tags: ['b:2', 'b:1'] }),
      printed({ tags: ['c:1'] }),
      printedCheaply({ tags: ['a:1'] }),
      printedCheaply({ tags: ['b:2'], arch: 'arm64v8' }),
      printedCheaply({ tags: [] }),
      printed({ tags: ['d:1'], archTags: [] }),
    ];
    expect(tagsToAskFor(entries.map(entryOf))).toEqual(['a:1', 'b:2', 'd:1']);
  });
});

it.each([
  ['no architecture', { arches: {} }, '/3/arches: want one architecture'],
  ['two architectures', { arches: { amd64: {}, i386: {} } }, '/3/arches: want one architecture'],
  ['a tag that is none', { arches: { amd64: { tags: [1] } } }, '/3/arches/amd64/tags/0: want a text'],
  ['no froms', { arches: { amd64: { tags: [], archTags: [] } } }, '/3/arches/amd64/froms: want a list'],
  ['two entries', { entries: [{}, {}] }, '/3/entries: want one entry'],
  [
    'a time that is none',
    { entries: [{ SOURCE_DATE_EPOCH: 'x' }] },
    '/3/entries/0/SOURCE_DATE_EPOCH: want a number',
  ],
])('refuses %s', (_, more, message) => {
  const document = parseOrdered(JSON.stringify({ ...(printed() as object), ...more }));
  expect(() => readSourceEntry(document, [3])).toThrow(message);
});

test('pins', () => {
  expect([...readPins(parseOrdered(`{"library/b:1":"${sha('b')}","a.io/x:1":"${sha('a')}"}`))]).toEqual([
    ['b:1', sha('b')],
    ['a.io/x:1', sha('a')],
  ]);
  expect(readPin('library/alpine___3.20', `${sha('alpine')}\n`)).toEqual(['alpine:3.20', sha('alpine')]);
  expect(readPin('mcr.microsoft.com/windows/nano___ltsc2022', sha('nano'))[0]).toBe(
    'mcr.microsoft.com/windows/nano:ltsc2022',
  );
  expect(() => readPins(parseOrdered('{"a:1":"latest"}'))).toThrow('/a:1: not a digest: latest');
  expect(() => readPin('library/alpine', sha('alpine'))).toThrow('library/alpine: the name has no tag');
  expect(() => readPin('library/alpine___3', 'x')).toThrow('library/alpine___3: not a digest: x');
});
