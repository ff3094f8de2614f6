import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject, parseJson } from '../../src/oci/index.ts';
import { bytes, milliseconds, refusal } from './words.ts';

const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);

const REFUSED: Readonly<Record<string, readonly [document: string | Uint8Array, words: RegExp]>> = {
  'nothing at all': ['', /^not valid JSON/],
  'garbage behind': ['{} x', /^not valid JSON/],
  'a comma too many': ['{"a":1,}', /^not valid JSON/],
  'a byte order mark': ['\uFEFF{}', /^not valid JSON/],
  'UTF-16': [Uint8Array.from(Buffer.from('{}', 'utf16le')), /^not valid JSON/],
  'UTF-16 with its mark': [Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0), /^not valid UTF-8$/],
  'invalid UTF-8': [Uint8Array.of(0x22, 0xff, 0x22), /^not valid UTF-8$/],
  'a surrogate in UTF-8': [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), /^not valid UTF-8$/],
  'a slash in two bytes': [Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), /^not valid UTF-8$/],
  'a name twice': ['{"a":1,"b":2,"a":1}', /^duplicate key "a" at offset 13$/],
  'a name twice, once with an escape': [
    '{"digest":1,"\\u0064igest":2}',
    /^duplicate key "digest" at offset 12$/,
  ],
  'the escape first': ['{"\\u0064igest":1,"digest":2}', /^duplicate key "digest"/],
  'an escaped slash': ['{"a/b":1,"a\\/b":2}', /^duplicate key "a\/b"/],
  'the empty name twice': ['{"":1,"":2}', /^duplicate key ""/],
  'a name twice, deep inside': ['[[{"x":[{"y":{"a":{},"a":[]}}]}]]', /^duplicate key "a" at offset 21$/],
  'a name twice, with objects between': ['{"a":{"b":[{}]},"c":[],"a":1}', /^duplicate key "a"/],
  'a name that cannot be printed, twice': [
    '{"\\u001b[31m":1,"\\u001b[31m":2}',
    /^duplicate key "\\x1b\[31m"/,
  ],
  __proto__: ['{"__proto__":{"admin":true}}', /^key "__proto__" at offset 1 is not allowed$/],
  '__proto__ with an escape': ['{"a":[{"\\u005f_proto__":1}]}', /^key "__proto__" at offset 7/],
  '65 arrays': [nested('[', ']', 65), /^nested deeper than 64 levels$/],
  '65 objects': [`${'{"a":'.repeat(64)}{}${'}'.repeat(64)}`, /^nested deeper than 64 levels$/],
  '100,000 arrays': [nested('[', ']', 100_000), /^nested deeper than 64 levels$/],
  '100,000 objects': [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, /^nested deeper than 64 levels$/],
  '100,000 that are never closed': ['['.repeat(100_000), /^not valid JSON/],
};

describe('parseJson', () => {
  test.each(Object.entries(REFUSED))('refuses %s', (_, [document, words]) => {
    const error = refusal(() => parseJson(typeof document === 'string' ? bytes(document) : document));
    expect(error.subject).toBe('json');
    expect(error.message).toMatch(words);
    expect(error.message.length).toBeLessThan(300);
  });

  test.each([
    ['64 levels', nested('[', ']', 64)],
    ['one name in many objects', '[{"a":1},{"a":2},{"b":{"a":{"a":3}},"a":4}]'],
    ['a name as a value', '{"a":"a","b":"a","c":["a","a"]}'],
    ['__proto__ as a value', '{"a":"__proto__"}'],
    ['names of Object', '{"constructor":1,"hasOwnProperty":2,"toString":3}'],
    ['braces, commas, colons and quotes in texts', '{"a":"{\\"b\\":[,","c\\\\":":}","d,\\"e":1}'],
    ['a text that ends in backslashes', '{"a\\\\":"\\\\\\\\","b":"\\\\"}'],
    ['white space', ' {\t"a" :\r\n [ 1 , 2 ] } \n'],
    ['no container', '"text"'],
  ])('takes %s', (_, document) => {
    expect(parseJson(bytes(document))).toEqual(JSON.parse(document));
  });

  test('nobody gets a prototype from a document', () => {
    refusal(() => parseJson(bytes('{"__proto__":{"polluted":true}}')));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('a name twice is seen also where a program has given all objects a name', () => {
    // oxlint-disable-next-line no-extend-native -- That is what the test is about.
    Object.defineProperty(Object.prototype, 'mine', {
      value: 1,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    let value: unknown;
    try {
      value = parseJson(bytes('{"a":1,"a":2}'));
    } catch (error) {
      value = error;
    } finally {
      delete (Object.prototype as { mine?: number }).mine;
    }
    expect(value).toMatchObject({ message: 'duplicate key "a" at offset 7' });
  });

  test('4 MiB are read in little time', () => {
    const keys = Array.from({ length: 300_000 }, (_, i) => `"k${i}":1`).join(',');
    expect(milliseconds(() => parseJson(bytes(`{${keys}}`)))).toBeLessThan(1500);
    expect(milliseconds(() => parseJson(bytes(`"${'\\\\'.repeat(2_000_000)}"`)))).toBeLessThan(500);
  });
});

/** Whether `__proto__`, which is refused, is a name anywhere in the value. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProto);
}

test('for all values: what was written is read', () => {
  const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }).filter((it) => !hasProto(it));
  const spaces = fc.constantFrom(undefined, 2, '\t');
  fc.assert(
    fc.property(value, spaces, (it, space) => {
      // JSON has no -0: it is written as 0.
      expect(parseJson(bytes(JSON.stringify(it, undefined, space)))).toEqual(JSON.parse(JSON.stringify(it)));
    }),
    { numRuns: 1000 },
  );
});

test('for all objects: a name that is there twice is found', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, fc.nat(), fc.jsonValue({ maxDepth: 2 }), (all, pick, value) => {
      const repeated = all[pick % all.length] as string;
      const fields = [...all, repeated].map((name) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
      refusal(() => parseJson(bytes(`{${fields.join(',')}}`)));
    }),
  );
});

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ['x', false],
  [undefined, false],
] as const)('isObject %j: %s', (value, is) => expect(isObject(value)).toBe(is));
