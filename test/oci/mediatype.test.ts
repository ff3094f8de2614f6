import { describe, expect, test } from 'vitest';
import {
  isConfigType,
  isImageType,
  isIndexType,
  isMediaType,
  isNonDistributable,
  manifestTypes,
  mediaTypes,
  withoutParameters,
} from '../../src/oci/index.ts';
import { milliseconds } from './words.ts';

describe('kinds', () => {
  test.each(
    Object.entries({
      ociIndex: 'index',
      dockerList: 'index',
      ociManifest: 'image',
      dockerManifest: 'image',
      ociConfig: 'config',
      dockerConfig: 'config',
      ociEmpty: 'none',
      octetStream: 'none',
    } satisfies Record<keyof typeof mediaTypes, string>),
  )('%s: %s', (name, kind) => {
    const type = mediaTypes[name as keyof typeof mediaTypes];
    expect({ index: isIndexType(type), image: isImageType(type), config: isConfigType(type) }).toEqual({
      index: kind === 'index',
      image: kind === 'image',
      config: kind === 'config',
    });
    expect(manifestTypes.includes(type)).toBe(kind === 'index' || kind === 'image');
    expect(isMediaType(type)).toBe(true);
  });
});

// @see https://www.rfc-editor.org/rfc/rfc6838#section-4.2
test.each([
  ['a/b', true],
  ['application/vnd.oci.image.layer.v1.tar+gzip', true],
  [`a/${'b'.repeat(127)}`, true],
  [`a/${'b'.repeat(128)}`, false],
  ['', false],
  ['a', false],
  ['a/', false],
  ['/b', false],
  ['a/b/c', false],
  ['a/b; c=d', false],
  ['a/b ', false],
  ['a/b\n', false],
  ['-a/b', false],
  ['ä/b', false],
])('isMediaType %j: %s', (text, is) => expect(isMediaType(text)).toBe(is));

test.each([
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', true],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tarball', false],
  ['application/vnd.oci.image.layer.v1.tar', false],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', false],
  ['x/application/vnd.docker.image.rootfs.foreign.diff.tar', false],
])('isNonDistributable %s: %s', (type, is) => expect(isNonDistributable(type)).toBe(is));

test.each([
  ['a/b', 'a/b'],
  ['a/b; charset=utf-8', 'a/b'],
  [' a/b ;x=";"', 'a/b'],
  ['; x', ''],
  ['', ''],
])('withoutParameters %j: %j', (field, type) => expect(withoutParameters(field)).toBe(type));

test('long texts are answered in no time', () => {
  const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
  for (const text of [`${type}${'.a'.repeat(500_000)}!`, `a/${'a.'.repeat(500_000)}`]) {
    expect(milliseconds(() => [isNonDistributable(text), isMediaType(text)])).toBeLessThan(50);
  }
});
