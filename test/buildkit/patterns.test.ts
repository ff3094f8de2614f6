import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../src/buildkit/files/expression.ts';
import { parsePatterns } from '../../src/buildkit/files/pattern-list.ts';

/** What the patterns match, as Docker has it: `*` before a path that it leaves out. */
const CASES: readonly (readonly [patterns: string, matched: string, others: string])[] = [
  ['app.ts', 'app.ts app.ts/inside', 'lib/app.ts app_ts xapp.ts'],
  ['*.ts', 'a.ts .ts é.ts', 'lib/a.ts a.tsx'],
  ['*/*.ts', 'lib/a.ts', 'a.ts lib/sub/a.ts'],
  ['**/*.ts', 'a.ts lib/a.ts lib/sub/a.ts', 'a.tsx'],
  ['**.ts', 'a.ts lib/a.ts lib/sub.ts', 'a.tsx'],
  ['lib', 'lib lib/a lib/sub/a', 'library x/lib'],
  ['lib/', 'lib lib/a', 'x/lib'],
  ['lib/**', 'lib/a lib/sub/a', 'lib library'],
  ['lib**', 'lib library lib/a', 'li x/lib'],
  ['**/lib', 'lib x/lib x/y/lib x/lib/a', 'xlib library'],
  ['**lib', 'lib xlib x/lib', 'libx'],
  ['**/lib/**', 'lib/a x/lib/a', 'lib x/lib xlib/a'],
  ['a**/z', 'az a/z ab/z a/b/c/z', 'z b/az'],
  ['a/**/z', 'a/z a/b/z a/b/c/z', 'az a/bz'],
  ['**', 'a a/b .x', ''],
  ['a?c', 'abc aéc a😀c', 'ac a/c abbc'],
  ['[a-c]x', 'ax bx cx', 'dx x -x'],
  ['[^a-c]x', 'dx 1x', 'ax x'],
  ['[\\]x]y', ']y xy', 'y'],
  ['a\\*b', 'a*b', 'axb a'],
  ['a\\?b', 'a?b', 'axb'],
  ['a+(b).$c{}', 'a+(b).$c{}', 'ab aab'],
  ['*+(b).$', 'x+(b).$', 'xb'],
  ['./lib//a/../b', 'lib/b', 'lib/a'],
  ['lib,!lib/keep', 'lib lib/a lib/keeper', 'lib/keep lib/keep/a'],
  ['lib/*,!lib/k*', 'lib/a lib/a/k', 'lib/keep lib/k lib'],
  ['lib,!lib/keep,lib/keep/not', 'lib/a lib/keep/not lib/keep/not/a', 'lib/keep/a'],
  ['!lib,lib', 'lib', 'a'],
  ['*,!*.md,README.md', 'a README.md', 'other.md'],
  ['**/*.md,!docs/**/*.md', 'a.md x/docs/a.md', 'docs/a.md docs/x/a.md'],
  ['**/x/**,!**/x/keep', 'x/a b/x/a', 'x/keep b/x/keep'],
  ['Lib', 'Lib', 'lib LIB'],
];

describe('patterns match as Docker has it', () => {
  test.each(CASES)('%s', (patterns, matched, others) => {
    const list = parsePatterns(patterns.split(','), 'linux');
    const paths = `${matched} ${others}`.split(' ').filter((path) => path !== '');
    const found = paths.filter((path) => list.judge(path).matched);
    expect(found).toEqual(matched.split(' '));
  });

  test.each(CASES)('%s, asked from the uppermost folder down', (patterns, matched, others) => {
    const list = parsePatterns(patterns.split(','), 'linux');
    for (const path of `${matched} ${others}`.split(' ').filter((each) => each !== '')) {
      const names = path.split('/');
      let judged = list.judge(names[0] ?? '');
      for (let count = 2; count <= names.length; count += 1)
        judged = list.judge(names.slice(0, count).join('/'), judged);
      expect([path, judged.matched]).toEqual([path, matched.split(' ').includes(path)]);
    }
  });

  test('white space around a pattern, and empty lines, mean nothing', () => {
    const list = parsePatterns(['  a  ', '', ' \t', '!b '], 'linux');
    expect(list.patterns.map(({ text, exception }) => `${exception ? '!' : ''}${text}`)).toEqual(['a', '!b']);
  });

  test('on Windows, a backslash separates', () => {
    const list = parsePatterns(['lib\\*.ts', '!lib\\keep.ts'], 'win32');
    expect(['lib/a.ts', 'lib/keep.ts', 'lib*.ts'].map((path) => list.judge(path).matched)).toEqual([
      true,
      false,
      false,
    ]);
  });
});

test.each(['[', '[]', '[a', '[^]', '[a-]', '[-a]', '!', '*[a', 'a\\', '[b-a]', 'x\\q*', '[[:alpha:]]'])(
  '%s is no pattern',
  (text) => {
    expect(() => parsePatterns([text], 'linux')).toThrow(
      expect.objectContaining({
        code: 'SETTINGS_INVALID',
        message: expect.stringContaining(`not a pattern: "${text}"`) as string,
      }),
    );
  },
);

test('a match takes time in proportion to the path, however many ** there are', () => {
  const list = parsePatterns(['**/a/'.repeat(12) + '**/b', `${'*a'.repeat(12)}*b`], 'linux');
  const started = performance.now();
  expect(list.judge('a/'.repeat(300) + 'c').matched).toBe(false);
  expect(list.judge('a'.repeat(3000)).matched).toBe(false);
  expect(performance.now() - started).toBeLessThan(2000);
});

test('expressions match what the engine of JavaScript says that they do', () => {
  const random = randomNumbers(7);
  const pick = (choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? '';
  const many = (choices: readonly string[], most: number): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(choices)).join('');
  const pieces = [
    'a',
    'b',
    '/',
    '[^/]*',
    '[^/]',
    '(.*/)?',
    '.*',
    '\\.',
    '\\*',
    '[a-b]',
    '[^a]',
    '\\d',
    '^',
    '😀',
  ];
  let matched = 0;
  for (let count = 0; count < 3000; count += 1) {
    const expression = many(pieces, 6);
    const ours = compileExpression(expression);
    const theirs = new RegExp(`^${expression}$`, 'u');
    for (let each = 0; each < 5; each += 1) {
      const path = many(['a', 'b', '/', '.', '*', '1', '😀'], 6);
      expect([expression, path, ours(path)]).toEqual([expression, path, theirs.test(path)]);
      if (ours(path)) matched += 1;
    }
  }
  expect(matched).toBeGreaterThan(500);
});

/** The same numbers each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
