import { expect, test } from 'vitest';
import { parseScope } from '../../src/auth/scope.ts';
import { createTokenCache, type KeptToken, type TokenCache } from '../../src/auth/token-cache.ts';
import { clock } from './script.ts';

function add(cache: TokenCache, value: string, scope: string, goodUntil: number): KeptToken {
  const from = { realm: 'https://auth.example.com/token', service: 'registry', credentials: undefined };
  return cache.add({ ...from, value, goodUntil, scope: parseScope(scope) });
}

test('a token serves every scope that is in its own', () => {
  const cache = createTokenCache(() => 0);
  add(cache, 't', 'repository:x:pull,push', 1);
  expect(cache.find(parseScope('repository:x:pull'))?.value).toBe('t');
  expect(cache.find(parseScope(''))?.value).toBe('t');
  expect(cache.find(parseScope('repository:x:delete'))).toBeUndefined();
  expect(cache.find(parseScope('repository:x:pull repository:y:pull'))).toBeUndefined();
});

test('a token that has ended serves nothing', () => {
  const { now, pass } = clock();
  const cache = createTokenCache(now);
  add(cache, 't', 'repository:x:pull', now() + 1000);
  pass(0.999);
  expect(cache.find(parseScope('repository:x:pull'))?.value).toBe('t');
  pass(0.001);
  expect(cache.find(parseScope('repository:x:pull'))).toBeUndefined();
});

test('the newest comes first; a dropped one is gone; older ones can be left out', () => {
  const cache = createTokenCache(() => 0);
  const scope = parseScope('repository:x:pull');
  add(cache, 'old', 'repository:x:pull', 1);
  const since = cache.last;
  const fresh = add(cache, 'new', 'repository:x:pull', 1);
  expect(cache.find(scope)?.value).toBe('new');
  expect(cache.find(scope, since)?.value).toBe('new');
  cache.drop(fresh);
  expect(cache.find(scope)?.value).toBe('old');
  expect(cache.find(scope, since)).toBeUndefined();
});

test('a thousand tokens are kept', () => {
  const cache = createTokenCache(() => 0);
  for (let i = 0; i <= 1000; i++) add(cache, `t${i}`, `repository:x${i}:pull`, 1);
  expect(cache.find(parseScope('repository:x0:pull'))).toBeUndefined();
  expect(cache.find(parseScope('repository:x1:pull'))?.value).toBe('t1');
});
