import { describe, expect, test } from 'vitest';
import {
  displayName,
  namesOf,
  withName,
  withoutNamed,
  type ImageName,
} from '../../src/layout-index/index.ts';
import type { Descriptor } from '../../src/oci/index.ts';
import { digestNamed, entry } from './entry.ts';

const names = new Map(['D1', 'D2', 'D3'].map((name) => [digestNamed(name), name]));

/** Entries as the table of names writes them: `D1 n=docker.io/library/x:v1 r=v1`. */
function shown(entries: readonly Descriptor[]): readonly string[] {
  return entries.map((each) => {
    const { image, ref } = namesOf(each);
    return [names.get(each.digest), image && `n=${image}`, ref && `r=${ref}`].filter(Boolean).join(' ');
  });
}

const app = { n: 'docker.io/app/name:v1', r: 'v1' };

describe('a name is put in the place of what had it', () => {
  test.each<[string, readonly Descriptor[], string, ImageName, readonly string[]]>([
    ['[layout 46] into an empty layout', [], 'D1', { tag: 'v1' }, ['D1 r=v1']],
    ['[layout 48] a tag', [entry('D1', { r: 'v1' })], 'D2', { tag: 'v1' }, ['D2 r=v1']],
    ['a tag that is right already', [entry('D1', { r: 'v1' })], 'D1', { tag: 'v1' }, ['D1 r=v1']],
    [
      '[layout 47] the entry without a name is the one that gets it',
      [entry('D1'), entry('D2')],
      'D1',
      { tag: 'v1' },
      ['D1 r=v1', 'D2'],
    ],
    // BuildKit keeps both, and finds D1 by the tag still.
    [
      '[layout 49] a tag that a full name has',
      [entry('D1', app)],
      'D2',
      { tag: 'v1' },
      [`D1 n=${app.n} r=${app.n}`, 'D2 r=v1'],
    ],
    [
      'a tag that the same image has by its full name',
      [entry('D1', app)],
      'D1',
      { tag: 'v1' },
      [`D1 n=${app.n} r=v1`],
    ],
    [
      'a tag that stood at two',
      [entry('D1', { r: 'v1' }), entry('D2', { r: 'v1' })],
      'D3',
      { tag: 'v1' },
      ['D3 r=v1'],
    ],
    ['[layout 50] a full name, with its tag', [], 'D1', { name: 'app/name:v1' }, [`D1 n=${app.n} r=v1`]],
    [
      'a full name without a tag',
      [],
      'D1',
      { name: 'other' },
      ['D1 n=docker.io/library/other:latest r=latest'],
    ],
    // BuildKit puts the new one at the end.
    [
      '[layout 51] a full name',
      [entry('D1', app), entry('D3', { r: 'v2' })],
      'D2',
      { name: 'app/name:v1' },
      [`D2 n=${app.n} r=v1`, 'D3 r=v2'],
    ],
    [
      'a full name in another spelling',
      [entry('D1', { r: 'app/name:v1' })],
      'D2',
      { name: app.n },
      [`D2 n=${app.n} r=v1`],
    ],
    [
      'one that others wrote without a tag',
      [entry('D1', { r: 'index.docker.io/library/x' })],
      'D2',
      { name: 'x' },
      ['D2 n=docker.io/library/x:latest r=latest'],
    ],
    [
      'one that stood there twice',
      [entry('D1', app), entry('D2', { r: 'app/name:v1' })],
      'D2',
      { name: app.n },
      [`D2 n=${app.n} r=v1`],
    ],
    [
      'a full name whose tag stands alone at another',
      [entry('D1', { r: 'v1' })],
      'D2',
      { name: app.n },
      ['D1 r=v1', `D2 n=${app.n} r=${app.n}`],
    ],
    [
      'a full name whose tag stands alone at the same',
      [entry('D1', { r: 'v1' })],
      'D1',
      { name: app.n },
      ['D1 r=v1', `D1 n=${app.n} r=${app.n}`],
    ],
    [
      'the tag of another full name',
      [entry('D1', app)],
      'D2',
      { name: 'b/name:v1' },
      [`D1 n=${app.n} r=v1`, 'D2 n=docker.io/b/name:v1 r=v1'],
    ],
    [
      'a name of one word, which is no tag',
      [entry('D1', { r: 'x' })],
      'D2',
      { name: 'x' },
      ['D1 r=x', 'D2 n=docker.io/library/x:latest r=latest'],
    ],
    ['a name of a registry', [], 'D1', { name: 'localhost:5000/x:v1' }, ['D1 n=localhost:5000/x:v1 r=v1']],
  ])('%s', (_, entries, image, name, expected) => {
    expect(shown(withName(entries, name, entry(image)))).toEqual(expected);
  });

  test('and nothing is changed where it stands already', () => {
    const entries = [entry('D1', { r: 'v1' }), entry('D2', { r: 'v2' })];
    expect(withName(entries, { tag: 'v1' }, entry('D1'))).toBe(entries);
    const only = [entry('D2', app)];
    expect(withName(only, { name: 'app/name:v1' }, entry('D2'))).toBe(only);
  });

  test('[layout 50] several names are several entries of one image', () => {
    const all: readonly ImageName[] = [
      { name: 'app/name:v1' },
      { name: 'app/name:v1.0' },
      { name: 'other:latest' },
    ];
    const entries = all.reduce<readonly Descriptor[]>(
      (before, name) => withName(before, name, entry('D1')),
      [],
    );
    expect(shown(entries)).toEqual([
      'D1 n=docker.io/app/name:v1 r=v1',
      'D1 n=docker.io/app/name:v1.0 r=v1.0',
      'D1 n=docker.io/library/other:latest r=latest',
    ]);
  });

  test('[layout 52] what an entry says besides is copied to each, and what was given is not changed', () => {
    const given: Descriptor = Object.freeze({
      ...entry('D1'),
      annotations: Object.freeze({ made: 'today' }),
    });
    const platform = { os: 'linux', architecture: 'arm64' };
    const before = [{ ...entry('D1'), platform, 'x-vendor': 1, annotations: { theirs: 'kept' } }];
    const after = withName(withName(before, { tag: 'v1' }, given), { tag: 'v2' }, given);
    expect(after).toEqual([
      {
        ...before[0],
        annotations: { theirs: 'kept', made: 'today', 'org.opencontainers.image.ref.name': 'v1' },
      },
      {
        ...entry('D1', { r: 'v2' }),
        annotations: { made: 'today', 'org.opencontainers.image.ref.name': 'v2' },
      },
    ]);
  });

  test.each<[ImageName, string]>([
    [{ tag: 'a:b' }, 'TAG_INVALID'],
    [{ tag: '' }, 'TAG_INVALID'],
    [{ name: '' }, 'REFERENCE_INVALID'],
    [{ name: 'Upper:v1' }, 'REFERENCE_INVALID'],
    [{ name: `x@${digestNamed('D1')}` }, 'REFERENCE_INVALID'],
  ])('%o is refused', (name, code) => {
    expect(() => withName([], name, entry('D1'))).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('a name is taken away', () => {
  const both = [entry('D1', { r: 'v1' }), entry('D2', app), entry('D3', { r: 'v2' })];
  test.each<[string, readonly Descriptor[], ImageName, readonly string[] | string]>([
    [
      'a tag that stands alone, and not the full name that ends in it',
      both,
      { tag: 'v1' },
      ['D2 n=docker.io/app/name:v1 r=v1', 'D3 r=v2'],
    ],
    ['a tag of a full name, with that', both.slice(1), { tag: 'v1' }, ['D3 r=v2']],
    ['a tag at the end of a name', [entry('D1', { n: app.n }), entry('D3')], { tag: 'v1' }, ['D3']],
    ['a full name in any spelling', both, { name: 'app/name:v1' }, ['D1 r=v1', 'D3 r=v2']],
    [
      'a full name that stands as ref.name',
      [entry('D1', { r: 'alpine:3' }), entry('D3')],
      { name: 'docker.io/library/alpine:3' },
      ['D3'],
    ],
    [
      'a tag that two full names end in',
      [entry('D1', app), entry('D2', { ...app, n: 'docker.io/b/x:v1' })],
      { tag: 'v1' },
      'REFERENCE_AMBIGUOUS',
    ],
    [
      'a tag that stands at two',
      [entry('D1', { r: 'v1' }), entry('D2', { r: 'v1' }), entry('D3')],
      { tag: 'v1' },
      ['D3'],
    ],
  ])('%s', (_, entries, name, expected) => {
    const take = (): readonly string[] => shown(withoutNamed(entries, name, 'layout'));
    if (typeof expected === 'string')
      expect(take).toThrow(expect.objectContaining({ code: expected }) as Error);
    else expect(take()).toEqual(expected);
  });

  test('nothing is changed where there is none', () => {
    expect(withoutNamed(both, { tag: 'v3' }, 'layout')).toBe(both);
    expect(withoutNamed(both, { name: 'v2' }, 'layout')).toBe(both);
  });
});

test('an image is called by its full name, where it has one', () => {
  expect(
    [entry('D1', app), entry('D1', { r: 'v1' }), entry('D1'), entry('D1', { n: '', r: '' })].map(displayName),
  ).toEqual([app.n, 'v1', undefined, undefined]);
});
