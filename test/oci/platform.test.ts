import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatPlatform,
  matchesPlatform,
  normalizeForIndex,
  normalizePlatform,
  parsePlatform,
  type Platform,
} from '../../src/oci/index.ts';
import { milliseconds, refusal } from './words.ts';

/** `os/architecture/variant`, each as it is. */
function platform(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

// @see https://github.com/containerd/platforms/blob/main/database.go
const NORMAL: Readonly<Record<string, string>> = {
  'linux/amd64': 'linux/amd64',
  'Linux/AMD64': 'linux/amd64',
  'macOS/arm64': 'darwin/arm64',
  'darwin/arm64': 'darwin/arm64',
  'linux/i386': 'linux/386',
  'linux/i386/v1': 'linux/386',
  'linux/386': 'linux/386',
  'linux/x86_64': 'linux/amd64',
  'linux/x86-64': 'linux/amd64',
  'linux/X86_64/V3': 'linux/amd64/v3',
  'linux/amd64/v1': 'linux/amd64',
  'linux/amd64/v2': 'linux/amd64/v2',
  'linux/aarch64': 'linux/arm64',
  'linux/aarch64/v8': 'linux/arm64',
  'linux/arm64/8': 'linux/arm64',
  'linux/arm64/v8': 'linux/arm64',
  'linux/arm64/v9': 'linux/arm64/v9',
  'linux/armhf': 'linux/arm/v7',
  'linux/armhf/v6': 'linux/arm/v7',
  'linux/armel': 'linux/arm/v6',
  'linux/armel/v7': 'linux/arm/v6',
  'linux/arm': 'linux/arm/v7',
  'linux/arm/': 'linux/arm/v7',
  'linux/arm/5': 'linux/arm/v5',
  'linux/arm/6': 'linux/arm/v6',
  'linux/arm/7': 'linux/arm/v7',
  'linux/arm/8': 'linux/arm/v8',
  'linux/arm/v5': 'linux/arm/v5',
  'linux/arm/V6': 'linux/arm/v6',
  'linux/arm/v7': 'linux/arm/v7',
  'linux/arm/9': 'linux/arm/9',
  'linux/ppc64le': 'linux/ppc64le',
  'linux/mips64le/softfloat': 'linux/mips64le/softfloat',
  'linux/s390x': 'linux/s390x',
  'unknown/unknown': 'unknown/unknown',
};

describe('the normal form', () => {
  test.each(Object.entries(NORMAL))('%s is %s', (text, normal) => {
    expect(normalizePlatform(platform(text))).toEqual(platform(normal));
    expect(formatPlatform(platform(text))).toBe(normal);
  });

  test('the fields stand in the order of the specification, and none is empty', () => {
    const whole = {
      variant: 'v2',
      'os.features': ['win32k'],
      'os.version': '10.0.1',
      os: 'windows',
      architecture: 'amd64',
    };
    expect(JSON.stringify(normalizePlatform(whole))).toBe(
      '{"architecture":"amd64","os":"windows","os.version":"10.0.1","os.features":["win32k"],"variant":"v2"}',
    );
    const hollow = { os: 'linux', architecture: 'amd64', variant: '', 'os.version': '', 'os.features': [] };
    expect(JSON.stringify(normalizePlatform(hollow))).toBe('{"architecture":"amd64","os":"linux"}');
  });

  // @see https://github.com/docker-library/bashbrew/blob/master/architecture/oci-platform.go
  test.each([
    ['linux/arm64', 'linux/arm64/v8'],
    ['linux/aarch64/v8', 'linux/arm64/v8'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v5', 'linux/arm/v5'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['windows/amd64', 'windows/amd64'],
  ])('in an index %s is %s', (text, written) => {
    expect(normalizeForIndex(platform(text))).toEqual(platform(written));
  });

  test('features are sorted, each once', () => {
    const written = normalizeForIndex({
      ...platform('windows/amd64'),
      'os.features': ['win32k', 'b', 'B', 'b'],
    });
    expect(written['os.features']).toEqual(['B', 'b', 'win32k']);
  });
});

describe('texts', () => {
  test.each([
    ['linux/amd64', platform('linux/amd64')],
    ['Linux/x86_64', platform('linux/amd64')],
    ['linux/arm64/v8', platform('linux/arm64')],
    ['linux/arm', platform('linux/arm/v7')],
    ['windows(10.0.20348)/amd64', { ...platform('windows/amd64'), 'os.version': '10.0.20348' }],
  ])('%s', (text, expected) => {
    expect(parsePlatform(text)).toEqual(expected);
    expect(parsePlatform(formatPlatform(expected))).toEqual(expected);
  });

  // containerd completes a lone system or architecture with the machine's own: here both have to be said.
  test.each([
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/arm/',
    '/linux/arm',
    'linux /arm',
    'linux/&arm',
    'linux/arm/foo/bar',
    'linux/amd64\n',
    'windows()/amd64',
    'windows(1)(2)/amd64',
    'windows(10.0/amd64',
    'windows(a b)/amd64',
    `linux/${'a'.repeat(65)}`,
  ])('not %j', (text) => {
    const error = refusal(() => parsePlatform(text));
    expect(error.subject).toBe('platform');
    expect(error.message).toMatch(/^invalid platform ".*want os\/architecture\[\/variant\]$/);
  });

  test('a megabyte is refused in no time', () => {
    for (const text of ['(', '()', '/', 'a'])
      expect(milliseconds(() => refusal(() => parsePlatform(text.repeat(1_000_000))))).toBeLessThan(1000);
  });

  test('for all platforms: reading what was written gives the normal form', () => {
    const part = fc.oneof(
      fc.constantFrom(...Object.keys(NORMAL).flatMap((text) => text.split('/').filter(Boolean))),
      fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/),
    );
    const any = fc.record(
      { os: part, architecture: part, variant: part, 'os.version': fc.constantFrom('10.0', '6.1.7601') },
      { requiredKeys: ['os', 'architecture'] },
    );
    fc.assert(
      fc.property(any, (it) => {
        const normal = normalizePlatform(it);
        expect(parsePlatform(formatPlatform(it))).toEqual(normal);
        expect(normalizePlatform(normal)).toEqual(normal);
        expect(matchesPlatform(it, normal)).toBe(true);
      }),
    );
  });
});

describe('matching', () => {
  const windows = (version?: string, features?: readonly string[]): Platform => ({
    os: 'windows',
    architecture: 'amd64',
    ...(version !== undefined && { 'os.version': version }),
    ...(features !== undefined && { 'os.features': features }),
  });

  test.each([
    ['linux/arm64', 'linux/aarch64/v8', true],
    ['linux/arm', 'linux/armhf', true],
    ['linux/arm/v6', 'linux/armel', true],
    ['linux/arm/v7', 'linux/arm/v6', false],
    ['linux/amd64', 'linux/amd64/v1', true],
    ['linux/amd64', 'linux/amd64/v3', false],
    ['linux/amd64', 'windows/amd64', false],
    ['linux/amd64', 'linux/arm64', false],
    ['linux/amd64', 'unknown/unknown', false],
  ])('%s takes %s: %s', (want, have, is) => {
    expect(matchesPlatform(platform(want), platform(have))).toBe(is);
  });

  test.each([
    [undefined, '10.0.20348.2031', true],
    ['10.0.20348', '10.0.20348.2031', true],
    ['10.0.20348.2031', '10.0.20348.2031', true],
    ['10.0', '10.0.20348.2031', true],
    ['10.0.2034', '10.0.20348.2031', false],
    ['10.0.17763', '10.0.20348.2031', false],
    ['10.0.20348.2031', '10.0.20348', false],
    ['10.0.20348', undefined, false],
  ])('Windows %s takes Windows %s: %s', (want, have, is) => {
    expect(matchesPlatform(windows(want), windows(have))).toBe(is);
  });

  test.each([
    [[], ['win32k'], true],
    [['win32k'], ['win32k'], true],
    [['win32k'], ['gpu', 'win32k'], true],
    [['win32k'], [], false],
    [['win32k', 'gpu'], ['win32k'], false],
  ])('features %j take features %j: %s', (want, have, is) => {
    expect(matchesPlatform(windows(undefined, want), windows(undefined, have))).toBe(is);
  });
});
