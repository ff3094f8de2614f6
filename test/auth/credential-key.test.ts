import { describe, expect, test } from 'vitest';
import { HUB_KEY, matchingKeys, sameHost } from '../../src/auth/credential-key.ts';

describe('one registry', () => {
  test.each([
    ['registry.example.com', 'registry.example.com'],
    ['Registry.Example.com', 'registry.example.com'],
    ['https://registry.example.com/v1/', 'registry.example.com'],
    ['http://localhost:5000', 'localhost:5000'],
    ['registry.example.com:443', 'registry.example.com'],
    ['[::1]:5000', '[::1]:5000'],
    ['docker.io', 'registry-1.docker.io'],
    ['index.docker.io', 'registry.hub.docker.com'],
    [HUB_KEY, 'registry-1.docker.io'],
  ])('%s is %s', (key, host) => {
    expect(sameHost(key, host)).toBe(true);
  });

  test.each([
    ['registry.example.com', 'example.com'],
    ['example.com', 'registry.example.com'],
    ['example.com', 'example.com.evil.test'],
    ['registry.example.com:5000', 'registry.example.com'],
    ['registry.example.com', 'registry.example.com:5000'],
    ['auth.docker.io', 'docker.io'],
    ['', 'registry.example.com'],
    ['https://evil.test/registry.example.com', 'registry.example.com'],
    ['https://registry.example.com@evil.test', 'registry.example.com'],
  ])('%s is not %s', (key, host) => {
    expect(sameHost(key, host)).toBe(false);
  });
});

describe('the keys for a registry', () => {
  test.each([
    [
      'its name before its old addresses',
      ['https://r.test/api', 'https://r.test/v1/', 'r.test'],
      ['r.test', 'https://r.test/v1/', 'https://r.test/api'],
    ],
    [
      'a path after a scheme or a version is no part of it',
      ['r.test/v2/', 'https://r.test/some/path'],
      ['r.test/v2/', 'https://r.test/some/path'],
    ],
    [
      'the longest part that the repository is in',
      ['r.test', 'r.test/a', 'r.test/a/b'],
      ['r.test/a/b', 'r.test/a', 'r.test'],
    ],
    ['the repository itself', ['r.test/a/b/c'], ['r.test/a/b/c']],
    ['no other part', ['r.test/other', 'r.test/a/bc', 'r.test/a/b/c/d', 'r.test/a/'], ['r.test/a/']],
    ['no other host', ['other.test', 'r.test.evil.test', 'r.test:5000', '__proto__'], []],
  ])('%s', (_name, keys, want) => {
    expect(matchingKeys(keys, 'r.test', 'a/b/c')).toEqual(want);
  });

  test('a part of the registry is not the registry', () => {
    expect(matchingKeys(['r.test/a'], 'r.test', undefined)).toEqual([]);
  });

  test('Docker Hub has several; its tokens for the web are not among them', () => {
    const keys = [
      'docker.io',
      `${HUB_KEY}access-token`,
      `${HUB_KEY}refresh-token`,
      HUB_KEY,
      'registry-1.docker.io',
    ];
    expect(matchingKeys(keys, 'registry-1.docker.io', 'library/x')).toEqual([
      HUB_KEY,
      'docker.io',
      'registry-1.docker.io',
    ]);
  });
});
