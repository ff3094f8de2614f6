import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSecretObject } from '../../src/auth/secret-json.ts';

const parse = (text: string) => parseSecretObject(Buffer.from(text));

test('reads an object', () => {
  expect(parse('{"a":{"b":"c"}}')).toEqual({ a: { b: 'c' } });
});

test.each([
  ['', 'not valid JSON'],
  ['[]', 'not a JSON object'],
  ['"x"', 'not a JSON object'],
  ['{"a":"hunter2" "b"}', 'not valid JSON (position 15)'],
  ['{"a":hunter2}', 'not valid JSON'],
  ['{"hunter2":1,"hunter2":2}', 'the same key twice (position 13)'],
  ['{"__proto__":"hunter2"}', 'not valid JSON (position 1)'],
  [`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, 'not valid JSON'],
])('of %j it says what is wrong, and quotes nothing', (text, want) => {
  expect(parse(text)).toBe(want);
});

test('whatever surrounds a secret, it is not quoted', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const result = parse(`${before}hunter2${after}`);
      if (typeof result === 'string') expect(result).not.toContain('hunter2');
    }),
  );
});
