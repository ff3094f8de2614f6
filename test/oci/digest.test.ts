import { describe, expect, test } from 'vitest';
import {
  algorithmOf,
  createHasher,
  digestOf,
  encodedOf,
  isAlgorithm,
  isDigest,
  parseDigest,
  verifiableAlgorithm,
} from '../../src/oci/index.ts';
import { bytes, milliseconds, refusal } from './words.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

// @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
const GOOD: readonly (readonly [text: string, algorithm: string, encoded: string])[] = [
  [EMPTY, 'sha256', EMPTY.slice(7)],
  [`sha512:${'0'.repeat(128)}`, 'sha512', '0'.repeat(128)],
  [
    'sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
    'sha256+b64u',
    'LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
  ],
  [
    'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
    'multihash+base58',
    'QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
  ],
  ['md5:d41d8cd98f00b204e9800998ecf8427e', 'md5', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a.b-c_d+e:=', 'a.b-c_d+e', '='],
];

const BAD: readonly (readonly [text: string, words: RegExp])[] = [
  ['', /want algorithm:encoded/],
  ['sha256', /want algorithm:encoded/],
  ['sha256:', /want algorithm:encoded/],
  [':abc', /want algorithm:encoded/],
  ['SHA256:abc', /want algorithm:encoded/],
  ['a++b:c', /want algorithm:encoded/],
  [`${EMPTY}\n`, /"sha256:[0-9a-f]+\\x0a": want algorithm:encoded/],
  ['sha256:../../etc/passwd', /want algorithm:encoded/],
  ['sha256:abc:def', /want algorithm:encoded/],
  [EMPTY.slice(0, -1), /sha256 needs 64 hex characters, got 63/],
  [`${EMPTY}0`, /sha256 needs 64 hex characters, got 65/],
  [EMPTY.toUpperCase().replace('SHA', 'sha'), /sha256 needs lowercase hex characters/],
  [`sha256:${'g'.repeat(64)}`, /sha256 needs lowercase hex characters/],
  [`sha512:${'0'.repeat(64)}`, /sha512 needs 128 hex characters, got 64/],
  [`md5:${'0'.repeat(600)}`, /longer than 512 characters/],
];

describe('the form', () => {
  test.each(GOOD)('%s', (text, algorithm, encoded) => {
    const digest = parseDigest(text);
    expect(isDigest(text)).toBe(true);
    expect([algorithmOf(digest), encodedOf(digest)]).toEqual([algorithm, encoded]);
  });

  test.each(BAD)('not %j', (text, words) => {
    expect(isDigest(text)).toBe(false);
    const error = refusal(() => parseDigest(text));
    expect(error.subject).toBe('digest');
    expect(error.message).toMatch(words);
  });

  test('a megabyte is refused in no time', () => {
    const text = `${'a-'.repeat(500_000)}:`;
    expect(milliseconds(() => isDigest(text))).toBeLessThan(50);
    expect(milliseconds(() => isDigest(`${'a-'.repeat(255)}:`))).toBeLessThan(50);
  });
});

describe('algorithms', () => {
  test.each([
    [EMPTY, 'sha256'],
    [`sha512:${'0'.repeat(128)}`, 'sha512'],
    ['md5:d41d8cd98f00b204e9800998ecf8427e', undefined],
    [`sha384:${'0'.repeat(96)}`, undefined],
  ])('%s can be verified as %s', (text, algorithm) => {
    expect(verifiableAlgorithm(parseDigest(text))).toBe(algorithm);
  });

  test.each(['constructor', '__proto__', 'toString', '', 'SHA256'])('%s is none', (name) => {
    expect(isAlgorithm(name)).toBe(false);
  });
});

describe('hashing', () => {
  test('all at once, and in pieces', () => {
    expect(digestOf(new Uint8Array())).toBe(EMPTY);
    const hasher = createHasher('sha512');
    for (const piece of ['a', '', 'bc']) hasher.update(bytes(piece));
    expect(hasher.digest()).toBe(digestOf(bytes('abc'), 'sha512'));
    expect(digestOf(bytes('abc'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
