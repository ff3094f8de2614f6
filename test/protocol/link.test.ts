import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatNextLink, nextLink } from '../../src/protocol/index.ts';
import { milliseconds } from '../oci/words.ts';

// @see https://www.rfc-editor.org/rfc/rfc8288#section-3
describe('the next page', () => {
  test.each<readonly [field: string, target: string | undefined]>([
    ['</v2/a/tags/list?last=x&n=2>; rel="next"', '/v2/a/tags/list?last=x&n=2'],
    ['</x>; rel=next', '/x'],
    ['</x>;rel="next"', '/x'],
    ['</x> ; REL = "NEXT" ', '/x'],
    ['</x>; rel="prev next"', '/x'],
    ['</x>; title="a"; rel="next"', '/x'],
    // Some registries leave it out.
    ['</x>', '/x'],
    ['</x>; title="a"', '/x'],
    ['http://127.0.0.1/x', undefined],
    ['', undefined],
    ['</x>; rel="prev"', undefined],
    ['</x>; rel="nextish"', undefined],
    ['</x>; rel=""', undefined],
    // Two of them: the first counts.
    ['</x>; rel="next", </y>; rel="next"', '/x'],
    ['</x>; rel="prev", </y>; rel="next"', '/y'],
    ['</x>; rel="prev",</y>', '/y'],
    // A comma, a semicolon or a bracket inside of quotes, or of the target, is one of the text.
    ['</x>; title="a, <b>; rel=next"; rel="prev", </y>; rel="next"', '/y'],
    ['</x>; title="; rel=next;"; rel="prev"', undefined],
    ['</x>; title="; rel=prev;"; rel="next"', '/x'],
    ['</x>; title="a \\", </z>; rel=next"; rel="prev", </y>; rel="next"', '/y'],
    ['</x>; title="a\\\\"; rel="prev", </y>; rel="next"', '/y'],
    ['</x?a=1,2;3>; rel="next"', '/x?a=1,2;3'],
    // Cut off.
    ['</x', undefined],
    ['<', undefined],
    ['<>; rel="next"', ''],
    ['</x>; rel="next', '/x'],
    ['</x>; rel="prev', undefined],
  ])('%s', (field, target) => expect(nextLink([field])).toBe(target));

  test('may stand in any of several fields', () => {
    expect(nextLink([])).toBeUndefined();
    expect(nextLink(['</x>; rel="prev"', '</y>; rel="next"'])).toBe('/y');
    expect(nextLink(['</x', '</y>; rel="next"'])).toBe('/y');
  });

  test('is not looked for in a field of more than 8 KiB', () => {
    expect(nextLink([`<${'x'.repeat(9000)}>; rel="next"`])).toBeUndefined();
  });
});

test('for all targets: what was written is read', () => {
  const target = fc.webUrl({ withQueryParameters: true, withFragments: false });
  fc.assert(
    fc.property(target, (it) => {
      expect(nextLink([formatNextLink(it)])).toBe(it);
    }),
  );
});

describe('no field is slow', () => {
  test.each([
    [
      '1,000 spaces',
      `</x>${' '.repeat(1000)};${' '.repeat(1000)}rel${' '.repeat(1000)}=${' '.repeat(1000)}x`,
    ],
    ['4,000 opened brackets', '<'.repeat(4000)],
    ['2,000 links', '<>;rel=x,'.repeat(900)],
    ['4,000 quotes', `<>${'"'.repeat(8000)}`],
    ['4,000 semicolons', `<>${';'.repeat(8000)}`],
    ['4,000 equals signs', `<>;${'='.repeat(8000)}`],
    ['a relation of many words', `<>;rel="${'a '.repeat(4000)}"`],
    ['backslashes', `<>;a="${'\\'.repeat(8000)}`],
  ])('%s', (_, field) => {
    expect(field.length).toBeLessThanOrEqual(8192);
    expect(milliseconds(() => nextLink([field]))).toBeLessThan(20);
  });

  test('of any that can be made up', () => {
    const piece = fc.constantFrom('<', '>', ';', ',', '"', '\\', ' ', 'rel', '=', 'next', 'x'.repeat(50));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.nat({ max: 60 }), (pieces, repeats) => {
        const field = pieces.join('').repeat(repeats);
        expect(milliseconds(() => nextLink([field]))).toBeLessThan(50);
      }),
      { numRuns: 300 },
    );
  });
});
