import { describe, expect, test } from 'vitest';
import { staticCredentials, tokenFetcher, type TokenWish } from '../../src/auth/index.ts';
import { script } from './script.ts';

const wish: TokenWish = {
  host: 'registry.test',
  realm: 'https://registry.test/token',
  service: 'here',
  scopes: ['repository:app:pull'],
};
const credentials = staticCredentials({
  'registry.test': { username: 'me', password: 'pw' },
  '127.0.0.1:5000': { username: 'me', password: 'pw' },
});
const QUERY = 'service=here&scope=repository:app:pull';
const BASIC = 'Basic bWU6cHc=';
const answer = { body: '{"token":"t","expires_in":300}' };

describe('a token for somebody else', () => {
  test('is asked for with the password, which stays here', async () => {
    const { transport, done } = script([
      `GET https://registry.test/token?${QUERY}&account=me | ${BASIC}`,
      answer,
    ]);
    const { token, expiresIn } = await tokenFetcher(transport, { credentials })(wish);
    expect(token).toBe('t');
    expect(expiresIn).toBeGreaterThan(280);
    expect(expiresIn).toBeLessThanOrEqual(300);
    done();
  });

  test('is asked for as nobody where nothing is known, wherever the token server is', async () => {
    const { transport } = script([`GET https://tokens.test/?${QUERY}`, answer]);
    const nobody = tokenFetcher(transport);
    expect((await nobody({ ...wish, realm: 'https://tokens.test/' })).token).toBe('t');
  });

  test.each([
    ['of another site', 'https://evil.test/token', 'on another site'],
    ['without TLS', 'http://registry.test/token', 'leaves TLS'],
    ['that is no URL', 'token', 'not an absolute URL'],
  ])('is not asked for with a password at a token server %s', async (_, realm, why) => {
    const { transport, requests } = script();
    const failure = tokenFetcher(transport, { credentials })({ ...wish, realm });
    await expect(failure).rejects.toMatchObject({ code: 'AUTH_REALM_REFUSED' });
    await expect(failure).rejects.toThrow(why);
    expect(requests).toEqual([]);
  });

  test('may be had without TLS on this machine', async () => {
    const { transport } = script([`GET http://127.0.0.1:5000/token?${QUERY}&account=me | ${BASIC}`, answer]);
    const local = { ...wish, host: '127.0.0.1:5000', realm: 'http://127.0.0.1:5000/token' };
    expect((await tokenFetcher(transport, { credentials })(local)).token).toBe('t');
  });

  test('is had from a server that the user allows', async () => {
    const { transport } = script([`GET https://auth.test/token?${QUERY}&account=me | ${BASIC}`, answer]);
    const allowing = tokenFetcher(transport, { credentials, allowRealms: ['auth.test'] });
    expect((await allowing({ ...wish, realm: 'https://auth.test/token' })).token).toBe('t');
  });

  test('may be had without TLS where the registry is spoken to without', async () => {
    const realm = 'http://registry.test/token';
    const { transport } = script([`GET ${realm}?${QUERY}&account=me | ${BASIC}`, answer]);
    const plain = tokenFetcher(transport, { credentials, plainHttp: ['registry.test'] });
    expect((await plain({ ...wish, realm })).token).toBe('t');
  });

  test('that is refused has the credentials looked up anew the next time', async () => {
    const { transport } = script([
      `GET https://registry.test/token?${QUERY}&account=me | ${BASIC}`,
      { status: 401 },
    ]);
    let forgotten = 0;
    const source = Object.assign(async () => ({ username: 'me', password: 'pw', origin: 'here' }), {
      forget: async () => void (forgotten += 1),
    });
    await expect(tokenFetcher(transport, { credentials: source })(wish)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect(forgotten).toBe(1);
  });
});
