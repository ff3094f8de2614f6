import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../src/auth/challenge.ts';

/** Challenges in short: `[scheme, parameters or token68]`. */
function parse(...values: readonly string[]): unknown[] {
  return parseChallenges(values).map(({ scheme, parameters, token68 }) =>
    token68 === undefined ? [scheme, Object.fromEntries(parameters)] : [scheme, token68],
  );
}

/** Milliseconds of the fastest of several runs: other work on the machine can only add to it. */
function fastest(values: readonly string[]): number {
  const runs = Array.from({ length: 5 }, () => {
    const started = performance.now();
    parseChallenges(values);
    return performance.now() - started;
  });
  return Math.min(...runs);
}

const BEARER = 'Bearer realm="https://a/token",service="s",scope="repository:x:pull"';
const bearer = ['bearer', { realm: 'https://a/token', service: 's', scope: 'repository:x:pull' }];

describe('a challenge', () => {
  test.each([
    ['as registries write it', BEARER, [bearer]],
    ['of Nexus', 'BASIC realm="Sonatype Nexus"', [['basic', { realm: 'Sonatype Nexus' }]]],
    ['Basic without parameters', 'Basic', [['basic', {}]]],
    ['Bearer without parameters', 'Bearer', [['bearer', {}]]],
    [
      'with spaces and a comma at the end',
      'Bearer realm="https://t" , scope="a b",',
      [['bearer', { realm: 'https://t', scope: 'a b' }]],
    ],
    ['with a quoted pair', String.raw`Bearer realm="a\"b"`, [['bearer', { realm: 'a"b' }]]],
    [
      '[row 2] with needless quoted pairs',
      String.raw`Bearer other=fun,slashed="he\"\l\lo"`,
      [['bearer', { other: 'fun', slashed: 'he"llo' }]],
    ],
    [
      'with an empty value',
      'Bearer realm="https://t",service=""',
      [['bearer', { realm: 'https://t', service: '' }]],
    ],
    [
      '[row 7] with an empty value before another',
      'Bearer realm="x",scope="",service="y"',
      [['bearer', { realm: 'x', scope: '', service: 'y' }]],
    ],
    [
      'with an empty value without quotes',
      'Bearer realm="x",scope=,service="y"',
      [['bearer', { realm: 'x', scope: '', service: 'y' }]],
    ],
    ['with a URL without quotes', 'Bearer realm=https://t', [['bearer', { realm: 'https://t' }]]],
    [
      'with a URL without quotes that has a query',
      'Bearer realm=https://t?a=b, service=s',
      [['bearer', { realm: 'https://t?a=b', service: 's' }]],
    ],
    ['with spaces around the sign', 'Bearer realm = "x"', [['bearer', { realm: 'x' }]]],
    [
      'without commas',
      'Bearer realm="https://t" service="s"',
      [['bearer', { realm: 'https://t', service: 's' }]],
    ],
    ['with names in capitals', 'Bearer Realm="https://t"', [['bearer', { realm: 'https://t' }]]],
    ['with a name twice: the first counts', 'Bearer realm="a", realm="b"', [['bearer', { realm: 'a' }]]],
    ['of a scheme that we do not know', 'Negotiate', [['negotiate', {}]]],
    ['with token68', 'Negotiate YWJj+/==', [['negotiate', 'YWJj+/==']]],
    [
      'with something behind a quoted value',
      'Bearer realm="a"junk, scope="b"',
      [['bearer', { realm: 'a', scope: 'b' }]],
    ],
  ])('%s', (_name, value, want) => {
    expect(parse(value)).toEqual(want);
  });
});

describe('several challenges', () => {
  test.each([
    [
      '[row 6] joined, as fetch does it',
      ['Basic realm="a", Bearer realm="b"'],
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    [
      'joined, with a comma in a value',
      ['Basic realm="a, b", ' + BEARER],
      [['basic', { realm: 'a, b' }], bearer],
    ],
    ['[row 6] in two header lines', ['Basic realm="a"', BEARER], [['basic', { realm: 'a' }], bearer]],
    ['[row 9] of which one has token68', ['Negotiate abc==, ' + BEARER], [['negotiate', 'abc=='], bearer]],
    ['of which one has nothing', ['Negotiate, ' + BEARER], [['negotiate', {}], bearer]],
    ['with no comma between', ['Negotiate ' + BEARER], [['negotiate', {}], bearer]],
    ['with garbage before', ['@@ "x, y" =z, ' + BEARER], [bearer]],
    ['with parameters of nobody before', ['realm="z", ' + BEARER], [bearer]],
    [
      'with garbage between: what follows it belongs to nobody',
      ['Basic @, realm="z", ' + BEARER],
      [['basic', {}], bearer],
    ],
  ])('%s', (_name, values, want) => {
    expect(parse(...values)).toEqual(want);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['nothing', []],
    ['an empty value', ['']],
    ['commas', [' ,, , ']],
    ['[row 8] a quote that does not end', ['Bearer realm="unterminated']],
    ['a quote that ends in a backslash', ['Bearer realm="x\\']],
    ['a value over 8 KiB', ['Bearer realm="' + 'x'.repeat(8192) + '"']],
  ])('%s gives no challenge', (_name, values) => {
    expect(parse(...values)).toEqual([]);
  });

  test('a quote that does not end leaves the challenges before it', () => {
    expect(parse('Basic realm="a", Bearer realm="unterminated')).toEqual([['basic', { realm: 'a' }]]);
  });

  // Row 21 of the corpus, with its limit.
  test('64 KiB of quotes that do not end take no time', () => {
    const values = ['Bearer realm="' + '\\"'.repeat(32 * 1024)];
    expect(parse(...values)).toEqual([]);
    expect(fastest(values)).toBeLessThan(5);
    const pieces = Array.from({ length: 8 }, () => 'Bearer realm="' + '\\"'.repeat(4000));
    expect(parse(...pieces)).toEqual([]);
    expect(fastest(pieces)).toBeLessThan(5);
  });
});

describe('any text', () => {
  const tricky = fc.string({
    unit: fc.constantFrom('B', 'a', '=', '"', '\\', ',', ' ', '\t', '/', '@', 'é'),
  });

  test('is read without an error', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), tricky)), (values) => {
        for (const { scheme } of parseChallenges(values)) expect(scheme).toMatch(/^[^A-Z\s]+$/);
      }),
    );
  });

  test('is read in time that grows with its length', () => {
    fc.assert(
      fc.property(
        tricky.filter((text) => text !== ''),
        (text) => {
          const value = text.repeat(Math.floor(8192 / text.length));
          // Linear is 3 ms at the most; quadratic would be hundreds.
          expect(fastest([value])).toBeLessThan(25);
        },
      ),
      { numRuns: 300 },
    );
  });
});
