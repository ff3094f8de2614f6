import { describe, expect, test } from 'vitest';
import { parseSources, parseStaging } from '../../src/builds/index.ts';
import { digest, sourcesJson } from './world.ts';

const pin = digest('pin');

test('each source for each of its architectures, with its parents', async () => {
  const { targets, order } = await parseSources(
    sourcesJson({
      child: { amd64: { 'base:1': { sourceId: 'base' }, scratch: {} } },
      base: { s390x: { 'x:1': { sourceId: null, pin } }, amd64: { x: {} } },
    }),
  );
  expect(targets.map(({ source, arch, tag, parents }) => [source.sourceId, arch, tag, parents])).toEqual([
    ['child', 'amd64', 'child:1', [{ kind: 'target', from: 'base:1', position: 2 }]],
    [
      'base',
      's390x',
      'base:1',
      [
        {
          kind: 'image',
          from: 'x:1',
          image: {
            name: `x@${pin}`,
            reference: { host: 'docker.io', repository: 'library/x', digest: pin },
          },
        },
      ],
    ],
    [
      'base',
      'amd64',
      'base:1',
      [
        {
          kind: 'image',
          from: 'x',
          image: {
            name: 'x:latest',
            reference: { host: 'docker.io', repository: 'library/x', tag: 'latest' },
          },
        },
      ],
    ],
  ]);
  expect(order.indexOf(2)).toBeLessThan(order.indexOf(0));
});

test('tags may stand once, at the source', async () => {
  const { targets } = await parseSources(
    '{"a":{"sourceId":"a","tags":["t:1","t:2"],"arches":{"amd64":{"parents":{}}}}}',
  );
  expect(targets[0]?.tag).toBe('t:1');
});

test('the same source twice counts once: at the first place, as it stands at the last', async () => {
  const source = (tag: string): object => ({
    sourceId: 'a',
    arches: { amd64: { tags: [tag], parents: { 'x:1': {} } } },
  });
  const other = { sourceId: 'b', arches: { amd64: { tags: ['b:1'], parents: {} } } };
  const { targets } = await parseSources(
    JSON.stringify({ first: source('a:1'), other, again: source('a:2') }),
  );
  expect(targets.map(({ source: { key }, tag }) => [key, tag])).toEqual([
    ['again', 'a:2'],
    ['other', 'b:1'],
  ]);
});

const source = (over: object = {}): object => ({ sourceId: 's', arches: { amd64: arch() }, ...over });
const arch = (over: object = {}): object => ({ tags: ['s:1'], parents: {}, ...over });
const withArch = (over: object): string => JSON.stringify({ k: source({ arches: { amd64: arch(over) } }) });

describe('malformed', () => {
  test.each<[what: string, text: string, message: string]>([
    ['nothing', '', 'not a JSON object (line 1, column 1)'],
    ['no JSON', '{"k": {"sourceId": tru}}', '/k: not valid JSON'],
    ['no object', '[]', 'not a JSON object'],
    ['cut off', '{"k": {"sourceId": "s",', 'the value of "k" is missing, or ends in the middle'],
    ['two documents', '{} {}', 'there is more behind the end of the document'],
    ['a key twice', `{"k":${JSON.stringify(source())},"k":{}}`, '/k: is there twice'],
    ['a source that is none', '{"k": 1}', '/k/sourceId: want a text'],
    ['no sourceId', JSON.stringify({ k: { arches: {} } }), '/k/sourceId: want a text'],
    ['an empty sourceId', JSON.stringify({ k: source({ sourceId: '' }) }), '/k/sourceId: must not be empty'],
    ['no arches', JSON.stringify({ k: { sourceId: 's' } }), '/k/arches: want an object'],
    ['empty arches', JSON.stringify({ k: source({ arches: {} }) }), '/k/arches: want an architecture'],
    [
      'an architecture with another name',
      JSON.stringify({ k: source({ arches: { 'A/B': arch() } }) }),
      '/k/arches/A~1B: not the name of an architecture',
    ],
    [
      'an architecture that is none',
      JSON.stringify({ k: source({ arches: { amd64: 1 } }) }),
      '/k/arches/amd64',
    ],
    ['no tags', withArch({ tags: undefined }), '/k/arches/amd64/tags: want a list'],
    ['no tag', withArch({ tags: [] }), '/k/arches/amd64/tags: want a tag'],
    ['a tag that is none', withArch({ tags: [1] }), '/k/arches/amd64/tags/0: want a text'],
    ['no parents', withArch({ parents: undefined }), '/k/arches/amd64/parents: want an object'],
    [
      'a parent that is none',
      withArch({ parents: { 'x:1': 7 } }),
      '/k/arches/amd64/parents/x:1: want an object',
    ],
    [
      'a parent of the wrong type',
      withArch({ parents: { 'a/x:1': { sourceId: 1 } } }),
      '/k/arches/amd64/parents/a~1x:1/sourceId: want a text',
    ],
    [
      'a parent that is not there',
      withArch({ parents: { 'x:1': { sourceId: 'none' } } }),
      '/k/arches/amd64/parents/x:1/sourceId: there is no source none for amd64',
    ],
    [
      'a pin of the wrong type',
      withArch({ parents: { 'x:1': { pin: {} } } }),
      '/k/arches/amd64/parents/x:1/pin: want a text',
    ],
    [
      'a pin that is no digest',
      withArch({ parents: { 'x:1': { pin: 'sha256:1' } } }),
      '/k/arches/amd64/parents/x:1/pin: ',
    ],
    [
      'no reference',
      withArch({ parents: { 'X Y': {} } }),
      '/k/arches/amd64/parents/X Y: invalid reference "X Y"',
    ],
    [
      'a circle',
      sourcesJson({
        far: { amd64: { a: { sourceId: 'a' } } },
        a: { amd64: { b: { sourceId: 'b' } } },
        b: { amd64: { a: { sourceId: 'a' } } },
      }),
      '/a/arches/amd64/parents: parents go in a circle: a → b → a',
    ],
    [
      'a source of its own',
      sourcesJson({ a: { amd64: { a: { sourceId: 'a' } } } }),
      '/a/arches/amd64/parents: parents go in a circle: a → a',
    ],
    [
      'one sourceId with different parents',
      JSON.stringify({ k: source(), l: source({ arches: { amd64: arch({ parents: { 'x:1': {} } }) } }) }),
      '/l/sourceId: has the sourceId of /k, but other parents for amd64',
    ],
  ])('%s', async (_, text, message) => {
    const error: unknown = await parseSources(text).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name: 'Invalid', subject: 'sources' });
    expect((error as Error).message).toContain(message);
  });

  test('not UTF-8', async () => {
    const bytes = [Buffer.from('{"k'), Buffer.from([0xff]), Buffer.from('":{}}')];
    await expect(parseSources(bytes)).rejects.toThrow('not valid UTF-8');
  });
});

describe('the staging template', () => {
  test('each BUILD and each ARCH in it stands for something', () => {
    const staging = parseStaging('registry.test/ARCH/x-ARCH:BUILD-ARCH');
    expect(staging.nameOf('0', 's390x')).toBe('registry.test/s390x/x-s390x:0-s390x');
    expect(staging.repositoryOf('s390x')).toEqual({
      name: 'registry.test/s390x/x-s390x',
      host: 'registry.test',
      repository: 's390x/x-s390x',
      prefix: '',
      suffix: '-s390x',
    });
    expect(staging.imageOf('0', 's390x')).toEqual({
      name: 'registry.test/s390x/x-s390x:0-s390x',
      reference: { host: 'registry.test', repository: 's390x/x-s390x', tag: '0-s390x' },
    });
  });

  test('where the id is in the repository, or twice in the tag, lists are of no use', () => {
    for (const template of ['x/BUILD:latest', 'x:BUILDBUILD', 'BUILD'])
      expect(parseStaging(template).repositoryOf('amd64')).toBeUndefined();
  });

  test.each([
    ['x:ARCH', 'BUILD is missing'],
    ['x y:BUILD', 'character " " is not allowed'],
    ['x:-BUILD', 'a tag must start with a letter'],
    [`x@sha256:BUILD`, 'the digest of a build is not known before it is built'],
  ])('%s', (template, why) => {
    expect(() => parseStaging(template)).toThrow(`invalid staging template "${template}": `);
    expect(() => parseStaging(template)).toThrow(why);
  });
});
