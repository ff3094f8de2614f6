import { expect, test } from 'vitest';
import { staticCredentials } from '../../src/auth/index.ts';
import { during, failure } from './talk.ts';

const alice = { username: 'alice', password: 'hunter2' };
const credentials = staticCredentials({ 'registry.test': alice });
const challenge = 'Bearer realm="https://registry.test/token",service="s"';

test('ping: by Basic', async () => {
  await during(
    [
      { request: 'GET /v2/', answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } } },
      { request: 'GET /v2/', answer: { body: '{}' } },
    ],
    (registry) => registry.ping(),
    { credentials },
  );
});

test('ping: by a token, for nothing in particular', async () => {
  await during(
    [
      { request: 'GET /v2/', answer: { status: 401, headers: { 'www-authenticate': challenge } } },
      { request: 'GET /token?service=s', answer: { body: '{"token":"t"}' } },
      { request: 'GET /v2/', answer: { body: '{}' } },
    ],
    (registry) => registry.ping(),
  );
});

test.each([
  [401, 'UNAUTHORIZED'],
  [403, 'DENIED'],
  [404, 'NAME_UNKNOWN'],
])('ping: %i is %s', async (status, code) => {
  const error = await failure(
    during(
      [{ request: 'GET /v2/', answer: { status, headers: { 'www-authenticate': 'Basic realm="r"' } } }],
      (registry) => registry.ping(),
    ),
  );
  expect(error).toMatchObject({ code, message: expect.stringContaining('registry.test') });
});
