import { describe, expect, test } from 'vitest';
import { createNameIndex, resolveImage, type ImageQuery } from '../../src/layout-index/index.ts';
import type { Descriptor } from '../../src/oci/index.ts';
import { errorCode } from '../../src/registry/index.ts';
import { digestNamed, entry } from './entry.ts';

const names = new Map(['D1', 'D2', 'D3', 'other'].map((name) => [digestNamed(name), name]));

/** What is found, as the test calls it: `D1`; or the code of the error. */
function found(entries: readonly Descriptor[], query: ImageQuery): string | undefined {
  try {
    const resolved = resolveImage(createNameIndex(entries), query, { place: 'layout' });
    return 'entry' in resolved ? names.get(resolved.entry.digest) : undefined;
  } catch (error) {
    return errorCode(error);
  }
}

function messageOf(entries: readonly Descriptor[], query: ImageQuery): string {
  try {
    resolveImage(createNameIndex(entries), query, { place: 'layout' });
    return 'found';
  } catch (error) {
    return (error as Error).message;
  }
}

const full = 'docker.io/library/alpine:3.16';
const spellings = ['alpine:3.16', 'library/alpine:3.16', full, 'index.docker.io/library/alpine:3.16'];
const other = entry('other', { n: 'docker.io/library/busybox:1', r: '1' });

describe('an image is found by its tag and by each spelling of its name', () => {
  test.each([
    ['[matrix a] n=full r=tag', { n: full, r: '3.16' }],
    ['[matrix b] r=short name', { r: 'alpine:3.16' }],
    ['[matrix c] r=full name', { r: full }],
    ['[matrix e] r=name with the old host of Docker Hub', { r: 'index.docker.io/library/alpine:3.16' }],
    ['[matrix f] n=full', { n: full }],
    ['n=full r=full', { n: full, r: full }],
  ])('%s', (_, naming) => {
    const entries = [other, entry('D1', naming)];
    for (const name of spellings) expect(found(entries, { name }), name).toBe('D1');
    expect(found(entries, { name: 'alpine', tag: '3.16' })).toBe('D1');
    expect(found(entries, { tag: '3.16' })).toBe('D1');
    for (const name of ['alpine', 'alpine:3.1', 'x/alpine:3.16', 'quay.io/library/alpine:3.16'])
      expect(found(entries, { name }), name).toBe('MANIFEST_UNKNOWN');
    for (const tag of ['3', '16', '3.1']) expect(found(entries, { tag }), tag).toBe('MANIFEST_UNKNOWN');
  });

  test('[matrix d] r=tag: by its tag, but no name finds what does not say its repository', () => {
    const entries = [other, entry('D1', { r: '3.16' })];
    expect(found(entries, { tag: '3.16' })).toBe('D1');
    for (const name of spellings) {
      expect(found(entries, { name })).toBe('MANIFEST_UNKNOWN');
      // But it is the first that comes to mind.
      expect(messageOf(entries, { name })).toBe(
        `manifest ${name} is not in layout: there is 3.16, docker.io/library/busybox:1`,
      );
    }
  });

  test('[matrix g] r=latest: without a tag, and by a name where it has one', () => {
    expect(found([other, entry('D1', { r: 'latest' })], {})).toBe('D1');
    expect(found([other, entry('D1', { n: 'docker.io/library/x:latest', r: 'latest' })], {})).toBe('D1');
    for (const r of ['x', 'x:latest', 'docker.io/library/x'])
      for (const name of ['x', 'x:latest', 'docker.io/library/x', 'docker.io/library/x:latest'])
        expect(found([other, entry('D1', { r })], { name }), `${r} by ${name}`).toBe('D1');
  });
});

describe('a digest that no entry has', () => {
  const missing = digestNamed('D2');
  test.each<ImageQuery>([{ digest: missing }, { name: `x:v1@${missing}` }, { digest: missing, tag: 'v1' }])(
    'is left to the store: %o',
    (query) => {
      const index = createNameIndex([entry('D1', { r: 'v1' })]);
      expect(resolveImage(index, query, { place: 'layout' })).toEqual({ unlisted: missing });
    },
  );
});

describe('the first level that finds anything decides', () => {
  const byTag = entry('D2', { r: 'v1' });
  test.each<[string, readonly Descriptor[], ImageQuery, string | undefined]>([
    [
      'a digest, whatever stands beside it',
      [entry('D1', { r: 'v1' }), entry('D2')],
      { digest: digestNamed('D2'), tag: 'v1', name: 'x:v1' },
      'D2',
    ],
    [
      'a digest in a name',
      [entry('D1', { r: 'v1' }), entry('D2')],
      { name: `x:v1@${digestNamed('D2')}` },
      'D2',
    ],
    [
      '[layout 9] the full name before the other',
      [entry('D1', { r: 'a:v1' }), entry('D2', { n: 'a:v1' })],
      { name: 'a:v1' },
      'D2',
    ],
    [
      'as it is written before what means the same',
      [entry('D1', { n: 'docker.io/library/a:v1' }), entry('D2', { r: 'a:v1' })],
      { name: 'a:v1' },
      'D2',
    ],
    [
      'a full name before a word that may be meant as one',
      [entry('D1', { r: 'x' }), entry('D2', { n: 'docker.io/library/x:latest' })],
      { name: 'x' },
      'D2',
    ],
    [
      'a tag before the end of a name',
      [entry('D1', { n: 'docker.io/library/a:v1' }), byTag],
      { tag: 'v1' },
      'D2',
    ],
    [
      '[layout 10] a tag beside a full name',
      [entry('D1', { n: 'docker.io/library/x:latest', r: 'latest' }), other],
      { tag: 'latest' },
      'D1',
    ],
    [
      '[layout 11] the end of a full name, where there is no tag',
      [entry('D1', { n: 'docker.io/library/x:latest' }), other],
      { tag: 'latest' },
      'D1',
    ],
    [
      '[layout 12] a tag of two names means neither',
      [entry('D1', { n: 'docker.io/a/x:v1', r: 'v1' }), entry('D2', { n: 'docker.io/b/x:v1', r: 'v1' })],
      { tag: 'v1' },
      'REFERENCE_AMBIGUOUS',
    ],
    [
      '[layout 12] and each name its own',
      [entry('D1', { n: 'docker.io/a/x:v1', r: 'v1' }), entry('D2', { n: 'docker.io/b/x:v1', r: 'v1' })],
      { name: 'b/x:v1' },
      'D2',
    ],
    [
      '[layout 8] a tag that stands at two images',
      [entry('D1', { r: 'v1' }), byTag],
      { tag: 'v1' },
      'REFERENCE_AMBIGUOUS',
    ],
    [
      'two entries of one image are no two',
      [byTag, byTag, entry('D2', { n: 'a:v1', r: 'v1' })],
      { tag: 'v1' },
      'D2',
    ],
    [
      '[layout 6] one tag of several',
      [entry('D1'), entry('D2', { r: 'ver1' }), entry('D3', { r: 'ver2' })],
      { tag: 'ver1' },
      'D2',
    ],
    [
      '[layout 7] none of them',
      [entry('D1'), entry('D2', { r: 'ver1' }), entry('D3', { r: 'ver2' })],
      { tag: 'ver3' },
      'MANIFEST_UNKNOWN',
    ],
    ['[layout 13] nothing asked', [entry('D1', { r: 'latest' })], {}, 'D1'],
    ['[layout 14] nothing asked, of the only image', [entry('D1', { r: 'v1' })], {}, 'D1'],
    [
      '[layout 15] a wrong tag of the only image is a wrong tag',
      [entry('D1', { r: 'v1' })],
      { tag: 'typo' },
      'MANIFEST_UNKNOWN',
    ],
    ['[layout 16] nothing asked, without any name', [entry('D1')], {}, 'D1'],
    [
      'nothing asked, of one image by two names',
      [entry('D1', { r: 'v1' }), entry('D1', { r: 'v2' })],
      {},
      'D1',
    ],
    [
      '[layout 17] nothing asked, of several',
      [entry('D1', { r: 'v1' }), entry('D2', { r: 'v2' })],
      {},
      'REFERENCE_AMBIGUOUS',
    ],
    [
      'nothing asked, of several of which two are latest',
      [entry('D1', { r: 'latest' }), entry('D2', { r: 'latest' })],
      {},
      'REFERENCE_AMBIGUOUS',
    ],
    ['[layout 18] nothing asked, of nothing', [], {}, 'MANIFEST_UNKNOWN'],
    [
      '[layout 19] a digest beside a tag of another',
      [entry('D1', { r: 'v1' }), entry('D2', { r: 'v2' })],
      { tag: 'v2', digest: digestNamed('D1') },
      'D1',
    ],
    ['a name that is none', [other], { name: 'A:x' }, 'REFERENCE_INVALID'],
    ['a name with two tags', [other], { name: 'a:1', tag: '2' }, 'REFERENCE_INVALID'],
    ['a tag that is none', [other], { tag: 'a:1' }, 'TAG_INVALID'],
    [
      'the port of a host is no tag',
      [entry('D1', { n: 'localhost:5000/x' }), other],
      { tag: '5000' },
      'MANIFEST_UNKNOWN',
    ],
    [
      'nor is a digest',
      [entry('D1', { n: `x@sha256:${'a'.repeat(64)}` }), other],
      { tag: 'a'.repeat(64) },
      'MANIFEST_UNKNOWN',
    ],
    [
      'localhost is no user of Docker Hub',
      [entry('D1', { r: 'localhost/x:1' }), other],
      { name: 'docker.io/localhost/x:1' },
      'MANIFEST_UNKNOWN',
    ],
    [
      'a host that is not Docker Hub',
      [entry('D1', { r: 'localhost:5000/x:1' }), other],
      { name: 'localhost:5000/x:1' },
      'D1',
    ],
  ])('%s', (_, entries, query, expected) => {
    expect(found(entries, query)).toBe(expected);
  });
});

describe('errors', () => {
  const image = (name: string): Descriptor => entry(name, { n: name });

  test('what is ambiguous is listed, with its names', () => {
    const entries = [
      entry('D1', { n: 'docker.io/a/x:v1', r: 'v1' }),
      entry('D2', { n: 'docker.io/b/x:v1', r: 'v1' }),
    ];
    expect(messageOf(entries, { tag: 'v1' })).toBe(
      '"v1" is ambiguous: it means 2 images in layout, say which by its full name or digest: ' +
        `${digestNamed('D1')} (docker.io/a/x:v1), ${digestNamed('D2')} (docker.io/b/x:v1)`,
    );
    expect(messageOf([entry('D1'), entry('D2', { r: 'v1' }), entry('D2')], {})).toBe(
      'there are 2 images in layout, say which by its full name or digest: ' +
        `${digestNamed('D1')} (without a name), ${digestNamed('D2')} (v1)`,
    );
  });

  test('what is missing comes with what is like it, nearest first', () => {
    const entries = [
      'zzz',
      'docker.io/library/alpin:3.16',
      'v3.16',
      'docker.io/library/alpine:3.15',
      'docker.io/x/alpine:3.16',
    ].map(image);
    expect(messageOf(entries, { name: 'alpine:3.16' })).toBe(
      'manifest alpine:3.16 is not in layout: there is docker.io/library/alpin:3.16, docker.io/library/alpine:3.15, ' +
        'v3.16, zzz, docker.io/x/alpine:3.16',
    );
    expect(
      messageOf([...entries, ...entries.map(({ digest }) => image(digest.slice(7, 20)))], { tag: '3.17' }),
    ).toMatch(
      /: there is docker.io\/library\/alpin:3.16, docker.io\/library\/alpine:3.15, docker.io\/x\/alpine:3.16, v3.16, .* and more$/,
    );
    expect(messageOf([entry('D1')], { tag: 'v1' })).toBe(
      `manifest v1 is not in layout: its images (1) have no names, only digests such as ${digestNamed('D1')}`,
    );
    expect(messageOf([], { tag: 'v1' })).toBe('manifest v1 is not in layout: there is no image in it');
    expect(messageOf([], {})).toBe('an image to take by itself is not in layout: there is no image in it');
  });

  test('names that others wrote are safe to print', () => {
    expect(messageOf([image('\x1b[31mred\n:v1'), image('b')], { tag: 'v2' })).toContain(
      '\\x1b[31mred\\x0a:v1',
    );
    expect(messageOf([image('\x1b[31mred:v1'), entry('D1', { r: '\x1b:v1' })], { tag: 'v1' })).toContain(
      '\\x1b[31mred:v1',
    );
    expect(messageOf([image('a'.repeat(100_000))], { tag: 'v2' }).length).toBeLessThan(1000);
  });

  test('a miss among 100,000 entries is told soon, and in few words', () => {
    const entries = Array.from({ length: 100_000 }, (_, at) =>
      entry('D1', { n: `docker.io/library/x${at % 100}:v${at}`, r: `v${at}` }),
    );
    const index = createNameIndex(entries);
    const ask = (): unknown => resolveImage(index, { name: 'x5:v50006' }, { place: 'layout' });
    expect(ask).toThrow(
      /^manifest x5:v50006 is not in layout: there is docker.io\/library\/x.{0,300} and more$/,
    );
    const before = performance.now();
    expect(ask).toThrow();
    expect(performance.now() - before).toBeLessThan(500);
  });
});
