import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRoute, parseRoute, type Route } from '../../src/protocol/index.ts';
import { errorCode } from '../../src/registry/index.ts';
import { named } from '../oci/words.ts';

const digest = named('some bytes');
const long = named('some bytes', 'sha512');

/** The code that a path is refused with. */
function refusedWith(path: string): string | undefined {
  try {
    return `taken as ${JSON.stringify(parseRoute(path))}`;
  } catch (error) {
    return errorCode(error);
  }
}

describe('endpoints', () => {
  test.each<readonly [string, Route]>([
    ['/v2/', { kind: 'ping' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    [`/v2/a/blobs/${digest}`, { kind: 'blob', repository: 'a', digest }],
    [`/v2/a/b/c/blobs/${long}`, { kind: 'blob', repository: 'a/b/c', digest: long }],
    ['/v2/a/manifests/v1', { kind: 'manifest', repository: 'a', reference: 'v1' }],
    [`/v2/a/manifests/${digest}`, { kind: 'manifest', repository: 'a', reference: digest }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads/x%2Fy%20z', { kind: 'upload', repository: 'a', id: 'x/y z' }],
    ['/v2/a/tags/list', { kind: 'tags', repository: 'a' }],
    [`/v2/a/referrers/${digest}`, { kind: 'referrers', repository: 'a', digest }],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
    expect(formatRoute(route)).toBe(path);
  });

  test.each<readonly [string, Route]>([
    ['/v2', { kind: 'ping' }],
    ['/v2/a/blobs/uploads', { kind: 'uploads', repository: 'a' }],
    // Some clients encode the colon.
    [`/v2/a/blobs/${digest.replace(':', '%3A')}`, { kind: 'blob', repository: 'a', digest }],
    [`/v2/a/blobs/${digest.replace(':', '%3a')}`, { kind: 'blob', repository: 'a', digest }],
    [`/v2/a/referrers/${digest.replace(':', '%3A')}`, { kind: 'referrers', repository: 'a', digest }],
    [
      `/v2/a/manifests/${digest.replace(':', '%3A')}`,
      { kind: 'manifest', repository: 'a', reference: digest },
    ],
    // What is no tag is refused by the registry, which says more about it.
    ['/v2/a/manifests/%2e%2e%2fx', { kind: 'manifest', repository: 'a', reference: '../x' }],
    ['/v2/a/manifests/%zz', { kind: 'manifest', repository: 'a', reference: '%zz' }],
    ['/v2/a/manifests/', { kind: 'manifest', repository: 'a', reference: '' }],
  ])('%s, otherwise written', (path, route) => expect(parseRoute(path)).toEqual(route));
});

// Names may contain the words of the grammar: the last two segments decide.
describe('ambiguous names', () => {
  const names = [
    'x/blobs/uploads',
    'x/blobs',
    'x/manifests',
    'x/tags/list',
    'x/tags',
    'x/referrers',
    'blobs',
    'blobs/uploads',
    'uploads',
    'manifests',
    'tags/list',
    'v2',
    'v2/x',
    'list',
  ];
  test.each(names)('%s', (repository) => {
    for (const route of routesOf(repository)) expect(parseRoute(formatRoute(route))).toEqual(route);
  });
});

/** Every endpoint of a repository, with names that are words of the grammar. */
function routesOf(repository: string): readonly Route[] {
  return [
    { kind: 'blob', repository, digest },
    ...['v1', 'uploads', 'list', 'blobs', 'manifests', digest].map(
      (reference) => ({ kind: 'manifest', repository, reference }) as const,
    ),
    { kind: 'uploads', repository },
    ...['list', 'uploads', 'blobs', 'a/b', '..'].map((id) => ({ kind: 'upload', repository, id }) as const),
    { kind: 'tags', repository },
    { kind: 'referrers', repository, digest },
  ];
}

describe('names are not decoded, and not tidied', () => {
  test.each([
    'a%2fb',
    'a%2Fb',
    'a%252fb',
    '%61',
    'a/./b',
    'a/../b',
    '../a',
    'a/%2e%2e/b',
    'a//b',
    '/a',
    'a/',
    '',
    'a\\b',
    'a%00',
    'a b',
    'UPPER',
    '_catalog',
    'ａ',
    'x'.repeat(256),
    'a?b',
  ])('%s', (name) => {
    for (const rest of [
      `blobs/${digest}`,
      'manifests/v1',
      'tags/list',
      'blobs/uploads/',
      'blobs/uploads/x',
    ]) {
      expect(refusedWith(`/v2/${name}/${rest}`)).toBe('NAME_INVALID');
    }
  });

  test.each(['bad', 'sha256:bad', '', `${digest}%00`, 'sha256:%2e%2e%2f', '%zz', digest.toUpperCase()])(
    'a digest that is none: %s',
    (text) => {
      expect(refusedWith(`/v2/a/blobs/${text}`)).toBe('DIGEST_INVALID');
      expect(refusedWith(`/v2/a/referrers/${text}`)).toBe('DIGEST_INVALID');
    },
  );

  test.each([
    '',
    '/',
    '/v1/',
    '/V2/',
    '/v2x',
    '/v2/x',
    '/v2/a/tags',
    '/v2/a/tags/lists',
    '/v2/a/tags/list/',
    '/v2/a/nothing/x',
    '/v2/a/uploads/x',
    '/v2/a/uploads/',
    'v2/',
  ])('no endpoint: %s', (path) => expect(parseRoute(path)).toBeUndefined());
});

const component = fc.oneof(
  fc.constantFrom('blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', 'v2'),
  fc.stringMatching(/^[a-z0-9]{1,4}(?:(?:\.|__?|-{1,3})[a-z0-9]{1,4}){0,2}$/),
);
const repository = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const anyDigest = fc.constantFrom(digest, long, 'a+b:c=' as typeof digest);
const reference = fc.oneof(anyDigest, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}$/));
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constantFrom<Route>({ kind: 'ping' }, { kind: 'catalog' }),
  fc.record({ kind: fc.constantFrom('blob', 'referrers'), repository, digest: anyDigest }),
  fc.record({ kind: fc.constant('manifest'), repository, reference }),
  fc.record({ kind: fc.constantFrom('uploads', 'tags'), repository }),
  fc.record({ kind: fc.constant('upload'), repository, id: fc.string({ minLength: 1, unit: 'grapheme' }) }),
);

test('for all endpoints: what was written is read', () => {
  fc.assert(
    fc.property(route, (it) => {
      expect(parseRoute(formatRoute(it))).toEqual(it);
    }),
    { numRuns: 2000 },
  );
});

test('for all paths: they are an endpoint, none, or refused by name or digest', () => {
  const segment = fc.oneof(
    component,
    fc.constantFrom('', '..', '.', '%2f', '%', 'A', digest, 'blobs', 'uploads', 'manifests', 'tags', 'list'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  const path = fc.array(segment, { maxLength: 7 }).map((segments) => `/v2/${segments.join('/')}`);
  fc.assert(
    fc.property(path, (it) => {
      let read: Route | undefined;
      try {
        read = parseRoute(it);
      } catch (error) {
        expect(['NAME_INVALID', 'DIGEST_INVALID']).toContain(errorCode(error));
      }
      // Nobody gets a repository under a name that was not in the path as it stands.
      if (read !== undefined && 'repository' in read)
        expect(it.startsWith(`/v2/${read.repository}/`)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
