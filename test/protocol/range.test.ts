import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatChunkRange,
  formatContentRange,
  formatHeld,
  formatRange,
  parseChunkRange,
  parseContentRange,
  parseHeld,
  parseRange,
} from '../../src/protocol/index.ts';

const SAFE = Number.MAX_SAFE_INTEGER;

// @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
describe('Range', () => {
  test.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-499', { start: 0, end: 500 }],
    ['bytes=500-', { start: 500 }],
    ['bytes=-500', { last: 500 }],
    ['bytes=-0', { last: 0 }],
    ['bytes= 5 - 9 ', { start: 5, end: 10 }],
    ['bytes=5-1', 'unsatisfiable'],
    [`bytes=0-${SAFE}0`, { start: 0 }],
    [`bytes=-${SAFE}0`, { last: SAFE }],
    [`bytes=${SAFE}0-`, 'unsatisfiable'],
    [undefined, undefined],
    ['', undefined],
    ['bytes=', undefined],
    ['bytes=-', undefined],
    ['bytes=abc', undefined],
    ['bytes=0x1-0x9', undefined],
    ['bytes=--5', undefined],
    ['bytes=1.5-2', undefined],
    ['bytes=٠-٩', undefined],
    ['lines=0-1', undefined],
    ['bytes=0-1,5-6', undefined],
    [`bytes=${'0'.repeat(100)}-`, undefined],
  ])('%s', (field, wish) => expect(parseRange(field)).toEqual(wish));
});

describe('Content-Range', () => {
  test.each([
    ['bytes 0-9/10', { start: 0, end: 10 }],
    ['bytes 5-5/*', { start: 5, end: 6 }],
    ['bytes 9-5/10', undefined],
    // RFC 9110, 14.4: the last position is below the length.
    ['bytes 0-10/10', undefined],
    ['bytes 0-9/0', undefined],
    ['bytes */10', undefined],
    ['bytes 0-9', undefined],
    ['0-9/10', undefined],
    ['bytes=0-9/10', undefined],
    [`bytes 0-${SAFE}0/*`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (field, range) => expect(parseContentRange(field)).toEqual(range));
});

// @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
describe('the place of a chunk', () => {
  test.each([
    ['0-9', { start: 0, end: 10 }],
    ['5-5', { start: 5, end: 6 }],
    ['9-0', undefined],
    ['0-', undefined],
    ['-9', undefined],
    ['-1-9', undefined],
    ['bytes 0-9/10', undefined],
    ['bytes=0-9', undefined],
    ['0-9 ', undefined],
    [`${SAFE}-${SAFE}0`, undefined],
    [`0-${'9'.repeat(1000)}`, undefined],
    ['', undefined],
  ])('%s', (field, range) => expect(parseChunkRange(field)).toEqual(range));
});

describe('what an upload holds', () => {
  test.each([
    ['0-0', 0],
    ['0-1', 2],
    ['0-99', 100],
    ['bytes=0-99', 100],
    ['5-9', undefined],
    ['0-', undefined],
    ['99', undefined],
    [undefined, undefined],
  ])('%s', (field, size) => expect(parseHeld(field)).toBe(size));

  test.each([
    [0, '0-0'],
    [1, '0-0'],
    [2, '0-1'],
    [100, '0-99'],
  ])('%i bytes', (size, field) => expect(formatHeld(size)).toBe(field));
});

describe('for all', () => {
  const size = fc.integer({ min: 1, max: SAFE - 1 });
  const range = fc
    .tuple(fc.nat({ max: SAFE - 2 }), size)
    .map(([start, length]) => ({ start, end: Math.min(start + length, SAFE) }));

  test('ranges: what was written is read', () => {
    fc.assert(
      fc.property(range, (it) => {
        expect(parseRange(formatRange(it))).toEqual(it);
        expect(parseRange(formatRange({ start: it.start }))).toEqual({ start: it.start });
        expect(parseContentRange(formatContentRange(it, it.end))).toEqual(it);
        expect(parseChunkRange(formatChunkRange(it.start, it.end - it.start))).toEqual(it);
        if (it.end > 1) expect(parseHeld(formatHeld(it.end))).toBe(it.end);
      }),
    );
  });

  test('texts: nothing is thrown, and what is read has positions that can be counted', () => {
    const text = fc.array(fc.constantFrom('bytes', '=', ' ', '-', '/', '*', '0', '9', '42', ','), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        text.map((pieces) => pieces.join('')),
        (it) => {
          for (const read of [parseRange(it), parseContentRange(it), parseChunkRange(it)]) {
            if (typeof read !== 'object' || !('start' in read)) continue;
            expect(Number.isSafeInteger(read.start)).toBe(true);
            if (read.end !== undefined) expect(read.end).toBeGreaterThan(read.start);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
