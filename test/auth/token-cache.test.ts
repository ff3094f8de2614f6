import { expect, test } from 'vitest';
import { parseScope } from '../../src/auth/scope.ts';
import { createTokenCache, type HeldToken, type TokenCache } from '../../src/auth/token-cache.ts';
import { clock } from './script.ts';

function add(cache: TokenCache, value: string, scope: string, goodUntil: number): HeldToken {
  const realm = 'https://auth.example.com/token';
  const from = {
    realm,
    service: 'registry',
    credentials: undefined,
    account: undefined,
    kept: false,
    batch: false,
  };
  return cache.add({ ...from, value, goodUntil, scope: parseScope(scope) });
}

test('a token serves every scope that is in its own', () => {
  const cache = createTokenCache(() => 0);
  add(cache, 't', 'repository:x:pull,push', 1);
  expect(cache.find({ scope: parseScope('repository:x:pull') })?.value).toBe('t');
  expect(cache.find({ scope: parseScope('') })?.value).toBe('t');
  expect(cache.find({ scope: parseScope('repository:x:delete') })).toBeUndefined();
  expect(cache.find({ scope: parseScope('repository:x:pull repository:y:pull') })).toBeUndefined();
});

test('a token that has ended serves nothing', () => {
  const { now, pass } = clock();
  const cache = createTokenCache(now);
  add(cache, 't', 'repository:x:pull', now() + 1000);
  pass(0.999);
  expect(cache.find({ scope: parseScope('repository:x:pull') })?.value).toBe('t');
  pass(0.001);
  expect(cache.find({ scope: parseScope('repository:x:pull') })).toBeUndefined();
});

test('the newest comes first; a dropped one is gone; older ones can be left out', () => {
  const cache = createTokenCache(() => 0);
  const scope = parseScope('repository:x:pull');
  add(cache, 'old', 'repository:x:pull', 1);
  const since = cache.last;
  const fresh = add(cache, 'new', 'repository:x:pull', 1);
  expect(cache.find({ scope })?.value).toBe('new');
  expect(cache.find({ scope, after: since })?.value).toBe('new');
  cache.drop(fresh);
  expect(cache.find({ scope })?.value).toBe('old');
  expect(cache.find({ scope, after: since })).toBeUndefined();
});

test('a thousand tokens are kept', () => {
  const cache = createTokenCache(() => 0);
  for (let i = 0; i <= 1000; i++) add(cache, `t${i}`, `repository:x${i}:pull`, 1);
  expect(cache.find({ scope: parseScope('repository:x0:pull') })).toBeUndefined();
  expect(cache.find({ scope: parseScope('repository:x1:pull') })?.value).toBe('t1');
});

test('[A37] a token of one account serves no other', () => {
  const cache = createTokenCache(() => 0);
  const scope = parseScope('repository:x:pull');
  cache.add({ ...add(cache, 'hers', 'repository:other:pull', 1), scope, account: 'alice' });
  expect(cache.find({ scope, account: 'bob' })).toBeUndefined();
  expect(cache.find({ scope })).toBeUndefined();
  expect(cache.find({ scope, account: 'alice' })?.value).toBe('hers');
});

test('a token that is refused for one repository serves the others', () => {
  const cache = createTokenCache(() => 0);
  const token = add(cache, 't', 'repository:x:pull repository:y:pull', 1);
  cache.narrow(token, parseScope('repository:x:pull'));
  expect(cache.find({ scope: parseScope('repository:x:pull') })).toBeUndefined();
  expect(cache.find({ scope: parseScope('repository:y:pull') })?.value).toBe('t');
  // By what it was when it went out: two requests may be refused at once.
  cache.narrow(token, parseScope('repository:y:pull'));
  expect(cache.find({ scope: parseScope('repository:y:pull') })).toBeUndefined();
});
