import { describe, expect, test } from 'vitest';
import {
  createNameIndex,
  resolveImage,
  type Compatibility,
  type ImageQuery,
} from '../../src/layout-index/index.ts';
import type { Descriptor } from '../../src/oci/index.ts';
import { errorCode } from '../../src/registry/index.ts';
import { digestNamed, entry, type Naming } from './entry.ts';

const names = new Map(['D1', 'D2', 'D3', 'other'].map((name) => [digestNamed(name), name]));

/** What a tool finds, as the test calls it: `D1`; `none`; `refused` where it does not choose. */
function found(
  compatibility: Compatibility,
  entries: readonly Descriptor[],
  query: ImageQuery,
): string | undefined {
  try {
    const resolved = resolveImage(createNameIndex(entries), query, { place: 'layout', compatibility });
    return 'entry' in resolved ? names.get(resolved.entry.digest) : undefined;
  } catch (error) {
    const code = errorCode(error);
    return code === 'MANIFEST_UNKNOWN' ? 'none' : code === 'REFERENCE_AMBIGUOUS' ? 'refused' : String(error);
  }
}

describe('the table of names, cell by cell', () => {
  const full = 'docker.io/library/alpine:3.16';
  /** The questions, column by column: who is asked, and what. */
  const columns: readonly (readonly [Compatibility, ImageQuery])[] = [
    ['buildkit', { tag: '3.16' }],
    ['buildx', { tag: '3.16' }],
    ['buildkit', { name: 'alpine:3.16' }],
    ['buildkit', { name: full }],
    ['buildkit-3118', { name: 'alpine:3.16' }],
    ['buildkit-3118', { name: full }],
    ['buildkit-3118', { tag: '3.16' }],
    ['regctl', { tag: '3.16' }],
    ['skopeo', { tag: '3.16' }],
    ['oras', { tag: '3.16' }],
    ['umoci', { tag: '3.16' }],
    ['skopeo', { name: 'alpine:3.16' }],
    ['containerd', { name: full }],
  ];
  test.each<[string, Naming, string]>([
    ['[matrix a]', { n: full, r: '3.16' }, '+ + - + + + + + + + + - +'],
    ['[matrix b]', { r: 'alpine:3.16' }, '- - + - - - + + - - - + -'],
    ['[matrix c]', { r: full }, '- - - + + + + + - - - - +'],
    ['[matrix d]', { r: '3.16' }, '+ + - - - - + + + + + - -'],
    ['[matrix e]', { r: 'index.docker.io/library/alpine:3.16' }, '- - - - - - + + - - - - -'],
    ['[matrix f]', { n: full }, '- - - + + + + - - - - - +'],
  ])('%s %o', (_, naming, cells) => {
    const entries = [entry('other', { n: 'docker.io/library/busybox:1', r: '1' }), entry('D1', naming)];
    const answers = columns.map(([tool, query]) => (found(tool, entries, query) === 'D1' ? '+' : '-'));
    expect(answers.join(' ')).toBe(cells);
  });

  test('[matrix g] r=latest, asked without a tag', () => {
    const entries = [entry('other', { r: '1' }), entry('D1', { r: 'latest' })];
    const answers = (
      ['buildx', 'buildkit', 'regctl', 'umoci', 'skopeo', 'oras', 'crane', 'containerd'] as const
    ).map((tool) => [tool, found(tool, entries, {})]);
    expect(Object.fromEntries(answers)).toEqual({
      buildx: 'D1',
      buildkit: 'D1',
      regctl: 'D1',
      umoci: 'D1',
      skopeo: 'refused',
      oras: 'none',
      crane: 'refused',
      containerd: 'refused',
    });
    expect(found('buildkit-3118', entries, { name: 'x' })).toBe('none');
    expect(found('buildkit-3118', entries, { tag: 'latest' })).toBe('D1');
    // It did not add `latest`.
    expect(found('buildkit-3118', [entry('D1', { n: 'docker.io/library/x:latest' })], { name: 'x' })).toBe(
      'none',
    );
  });

  test('one tag of two repositories', () => {
    const entries = [
      entry('D1', { n: 'docker.io/library/x:v1', r: 'v1' }),
      entry('D2', { n: 'docker.io/library/y:v1', r: 'v1' }),
    ];
    const answers = (
      ['buildkit', 'buildx', 'buildkit-3118', 'oras', 'skopeo', 'regctl', 'umoci'] as const
    ).map((tool) => `${tool} ${found(tool, entries, { tag: 'v1' })}`);
    expect(answers).toEqual([
      'buildkit D1',
      'buildx D1',
      'buildkit-3118 D2',
      'oras D2',
      'skopeo D1',
      'regctl D1',
      'umoci refused',
    ]);
  });
});

describe('row by row', () => {
  const x = (repository: string): Naming => ({ n: `docker.io/${repository}/x:v1`, r: 'v1' });
  const latest = { n: 'docker.io/library/x:latest' };
  const three = [entry('D1'), entry('D2', { r: 'ver1' }), entry('D3', { r: 'ver2' })];
  const two = [entry('D1', { r: 'v1' }), entry('D2', { r: 'v2' })];
  test.each<[string, Compatibility, readonly Descriptor[], ImageQuery, string]>([
    ['[layout 6]', 'buildkit', three, { tag: 'ver1' }, 'D2'],
    ['[layout 7]', 'buildkit', three, { tag: 'ver3' }, 'none'],
    [
      '[layout 8] the first wins',
      'buildkit',
      [entry('D1', { r: 'v1' }), entry('D2', { r: 'v1' })],
      { tag: 'v1' },
      'D1',
    ],
    [
      '[layout 9] image.name is looked at first',
      'buildkit',
      [entry('D1', { r: 'a:v1' }), entry('D2', { n: 'a:v1' })],
      { name: 'a:v1' },
      'D2',
    ],
    ['[layout 10]', 'buildkit', [entry('D1', { ...latest, r: 'latest' })], { tag: 'latest' }, 'D1'],
    [
      '[layout 11] it does not look at the ends of names',
      'buildkit',
      [entry('D1', latest), entry('D2')],
      { tag: 'latest' },
      'none',
    ],
    ['[layout 12] by the tag', 'buildkit', [entry('D1', x('a')), entry('D2', x('b'))], { tag: 'v1' }, 'D1'],
    [
      '[layout 12] by the name',
      'buildkit',
      [entry('D1', x('a')), entry('D2', x('b'))],
      { name: 'docker.io/b/x:v1' },
      'D2',
    ],
    ['[layout 13]', 'buildx', [entry('D1', { r: 'latest' })], {}, 'D1'],
    ['[layout 14] no latest, but only one', 'buildx', [entry('D1', { r: 'v1' })], {}, 'D1'],
    ['[layout 15] whatever is asked for', 'buildx', [entry('D1', { r: 'v1' })], { tag: 'typo' }, 'D1'],
    ['[layout 16]', 'buildx', [entry('D1')], {}, 'D1'],
    ['[layout 17]', 'buildx', two, {}, 'none'],
    ['[layout 17] the same', 'buildx', two, { tag: 'typo' }, 'none'],
    ['[layout 18]', 'buildx', [], {}, 'none'],
    ['[layout 19] the tag is not looked at', 'buildx', two, { tag: 'v2', digest: digestNamed('D1') }, 'D1'],
    [
      'two entries of one image are not one entry',
      'buildx',
      [entry('D1', { r: 'a' }), entry('D1', { r: 'b' })],
      { tag: 'c' },
      'none',
    ],
    ['[layout 63] an empty tag is as none', 'buildkit', [entry('D1', { r: 'latest' })], {}, 'D1'],
    ['only one, without a reference', 'skopeo', [entry('D1', { r: 'v1' })], {}, 'D1'],
    [
      'more than one, even of one image',
      'skopeo',
      [entry('D1', { r: 'a' }), entry('D1', { r: 'b' })],
      {},
      'refused',
    ],
    [
      'one name at two entries of one image',
      'umoci',
      [entry('D1', { r: 'a' }), entry('D1', { r: 'a' })],
      { tag: 'a' },
      'refused',
    ],
    [
      'whatever is asked for, if there is one entry',
      'crane',
      [entry('D1', { r: 'v1' })],
      { tag: 'typo' },
      'D1',
    ],
    [
      'the last of one name',
      'containerd',
      [entry('D1', x('a')), entry('D2', x('a'))],
      { name: 'docker.io/a/x:v1' },
      'D2',
    ],
    [
      'a tag alone, under a name given at the import',
      'containerd',
      [...two, entry('D3', { r: 'v1' })],
      { tag: 'v1' },
      'D3',
    ],
    ['a tag alone is no name', 'containerd', [entry('D1', { r: 'alpine' })], { name: 'alpine' }, 'none'],
    ['a full name hides its tag', 'containerd', [entry('D1', x('a'))], { tag: 'v1' }, 'none'],
    ['without a tag, what has no ref.name', 'buildkit-3118', [entry('D1', x('a')), entry('D2')], {}, 'D2'],
  ])('%s: %s', (_, tool, entries, query, expected) => {
    expect(found(tool, entries, query)).toBe(expected);
  });
});
