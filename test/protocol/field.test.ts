import { describe, expect, test } from 'vitest';
import { headerValue, headerValues, referrersTag } from '../../src/protocol/index.ts';
import { isTag } from '../../src/oci/index.ts';
import { named } from '../oci/words.ts';

// @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
describe('the tag of the referrers of', () => {
  const sha256 = 'a'.repeat(64);
  test.each([
    [`sha256:${sha256}`, `sha256-${sha256}`],
    [`sha512:${'b'.repeat(128)}`, `sha512-${'b'.repeat(64)}`],
    ['test+algorithm:x=y', 'test-algorithm-x-y'],
    [
      'test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation:' +
        'alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerciseEncodedTruncation',
      'test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsAndLot',
    ],
  ])('%s', (digest, tag) => {
    expect(referrersTag(digest)).toBe(tag);
    expect(isTag(tag)).toBe(true);
  });

  test('two digests: two tags', () => {
    expect(referrersTag(named('a'))).not.toBe(referrersTag(named('b')));
  });
});

test('header fields that were sent once, several times, and not at all', () => {
  const headers = { once: 'a', thrice: ['b', 'c', 'd'], never: undefined, empty: [] };
  const names = ['once', 'thrice', 'never', 'empty'];
  expect(names.map((name) => headerValue(headers, name))).toEqual(['a', 'b', undefined, undefined]);
  expect(names.map((name) => headerValues(headers, name))).toEqual([['a'], ['b', 'c', 'd'], [], []]);
});
