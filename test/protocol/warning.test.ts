import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWarnings } from '../../src/protocol/index.ts';
import { milliseconds } from '../oci/words.ts';

// @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings
describe('C46: the texts of warnings', () => {
  test.each<readonly [field: string, texts: readonly string[]]>([
    ['299 - "Your token expires soon."', ['Your token expires soon.']],
    ['299 - "a, \\"b\\" \\\\ c"', ['a, "b" \\ c']],
    ['299 - "a", 299 - "b"', ['a', 'b']],
    ['299 - "a",299 - "b" , ', ['a', 'b']],
    // A date is allowed by HTTP, and not by the specification; it is no second text.
    ['299 - "a" "Sat, 25 Aug 2012 23:34:45 GMT", 299 - "b"', ['a', 'b']],
    // Those of caches are none of the registry's.
    ['110 - "Response is stale"', []],
    ['299 proxy.test "x"', []],
    ['110 anderson/1.3.37 "stale", 299 - "b"', ['b']],
    ['1299 - "x"', []],
    ['299 - x "y"', []],
    ['299 - ""', []],
    ['299 - "never ends', []],
    ['299 - "ends in \\', []],
    ['299', []],
    ['', []],
    ['"', []],
  ])('%s', (field, texts) => expect(parseWarnings([field])).toEqual(texts));

  test('may stand in several fields, and are not looked for in more than 4096 characters', () => {
    expect(parseWarnings(['299 - "a"', '299 - "b"'])).toEqual(['a', 'b']);
    expect(parseWarnings([`299 - "${'x'.repeat(4100)}"`])).toEqual([]);
    expect(parseWarnings([])).toEqual([]);
  });

  test('for all texts: nothing is thrown', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (it) => void parseWarnings([it])));
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', '\\', ',', ' ', '299', '-', 'a')), (it) => {
        parseWarnings([it.join('')]);
      }),
    );
  });

  test('[A32] no field takes long', () => {
    for (const part of ['"', '""', '" "', '"",', '299 - "', ' ', ',', '\\', '299 - "" "",'])
      expect(milliseconds(() => parseWarnings([part.repeat(4096 / part.length)]))).toBeLessThan(50);
  });
});
