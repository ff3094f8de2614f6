import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  catalogScope,
  containsScope,
  formatScope,
  noScope,
  parseScope,
  repositoryOf,
  repositoryScope,
  scopeWords,
  unionScopes,
  type Scope,
} from '../../src/auth/scope.ts';

describe('written', () => {
  test.each([
    ['nothing', noScope, ''],
    ['a repository', repositoryScope('foo', 'pull'), 'repository:foo:pull'],
    [
      'actions sorted, and each once',
      repositoryScope('foo', 'push', 'pull', 'push'),
      'repository:foo:pull,push',
    ],
    ['a repository with nothing to do', repositoryScope('foo'), ''],
    ['the catalog', catalogScope, 'registry:catalog:*'],
    [
      'resources sorted, as for a mount',
      unionScopes(repositoryScope('to', 'push'), repositoryScope('from', 'pull')),
      'repository:from:pull repository:to:push',
    ],
  ])('%s', (_name, scope, want) => {
    expect(formatScope(scope)).toBe(want);
  });

  test('each resource is a word of its own', () => {
    expect(scopeWords(parseScope('repository:b:pull repository:a:pull'))).toEqual([
      'repository:a:pull',
      'repository:b:pull',
    ]);
  });
});

describe('read', () => {
  test.each([
    ['actions in any order', 'repository:foo:push,pull', 'repository:foo:pull,push'],
    ['resources twice', 'repository:foo:pull repository:foo:push', 'repository:foo:pull,push'],
    ['spaces and tabs', '  repository:b:pull\trepository:a:pull ', 'repository:a:pull repository:b:pull'],
    ['a name with a port', 'repository:localhost:5000/foo:pull', 'repository:localhost:5000/foo:pull'],
    ['a class', 'repository(plugin):foo:pull', 'repository(plugin):foo:pull'],
    ['the catalog', 'registry:catalog:*', 'registry:catalog:*'],
    ['one word', '*', '*'],
    ['two parts', 'foo:bar', 'foo:bar'],
    ['no actions', 'repository:foo:', 'repository:foo:'],
    ['no name', 'repository::pull', 'repository::pull'],
    ['what cannot be understood, between what can', 'openid repository:a:pull', 'openid repository:a:pull'],
  ])('%s', (_name, text, want) => {
    expect(formatScope(parseScope(text))).toBe(want);
  });
});

describe('contains', () => {
  test.each([
    ['repository:a:pull,push', 'repository:a:pull', true],
    ['repository:a:pull', 'repository:a:pull,push', false],
    ['repository:a:push', 'repository:a:pull', false],
    ['repository:a:*', 'repository:a:pull', false],
    ['repository:a:pull', 'repository:ab:pull', false],
    ['repository:a:pull repository:b:push', 'repository:b:push', true],
    ['repository:a:pull', '', true],
    ['', 'repository:a:pull', false],
    ['openid', 'openid', true],
  ])('%s ⊇ %s: %s', (outer, inner, want) => {
    expect(containsScope(parseScope(outer), parseScope(inner))).toBe(want);
  });
});

test('credentials are looked up for the repository that is written to', () => {
  expect(repositoryOf(parseScope('repository:from:pull repository:to:push'))).toBe('to');
  expect(repositoryOf(parseScope('repository:a:pull repository:b:pull'))).toBe('a');
  expect(repositoryOf(catalogScope)).toBeUndefined();
});

describe('the algebra of sets', () => {
  const word = fc.oneof(
    fc.constantFrom('openid', '*', 'a:b', 'repository:a:'),
    fc
      .tuple(
        fc.constantFrom('repository', 'registry'),
        fc.constantFrom('a', 'b/c', 'h:1/d'),
        fc.array(fc.constantFrom('pull', 'push', 'delete', '*'), { minLength: 1 }),
      )
      .map(([type, name, actions]) => `${type}:${name}:${actions.join(',')}`),
  );
  const scope: fc.Arbitrary<Scope> = fc
    .array(word, { maxLength: 6 })
    .map((words) => parseScope(words.join(' ')));

  test('holds', () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(unionScopes(a, b)).toEqual(unionScopes(b, a));
        expect(unionScopes(a, unionScopes(b, c))).toEqual(unionScopes(unionScopes(a, b), c));
        expect(unionScopes(a, a)).toEqual(a);
        expect(unionScopes(a, noScope)).toEqual(a);
        expect(containsScope(unionScopes(a, b), a)).toBe(true);
        expect(containsScope(a, b)).toBe(formatScope(unionScopes(a, b)) === formatScope(a));
      }),
    );
  });

  test('any text is read, and what was read is written so that it is read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const scope = parseScope(text);
        expect(parseScope(formatScope(scope))).toEqual(scope);
      }),
    );
  });
});
