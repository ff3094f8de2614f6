/** What an authorizer makes of what it learnt, when it is not new any more. */
import { describe, expect, test } from 'vitest';
import {
  createAuthorizer,
  defaultCredentials,
  repositoryScope,
  staticCredentials,
  tokenFiles,
  type AuthorizerOptions,
} from '../../src/auth/index.ts';
import { openable } from '../../src/registry/index.ts';
import { followRedirects } from '../../src/transport/index.ts';
import { home } from './folder.ts';
import { failure, script, token, unauthorized, type Exchange } from './script.ts';

const HOST = 'registry.example.com';
const REGISTRY = `https://${HOST}/v2`;
const REALM = 'https://auth.example.com/token';
const CHALLENGE = `Bearer realm="${REALM}",service="s"`;
const ALICE = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
const alice = staticCredentials({ [HOST]: { username: 'alice', password: 'secret', origin: 'a test' } });
const x = repositoryScope('x', 'pull');
const y = repositoryScope('y', 'pull');
const get = (url: string) => ({ method: 'GET', url: new URL(url), headers: {} });

function visitor(exchanges: readonly Exchange[], options: AuthorizerOptions = {}) {
  const server = script(...exchanges);
  return { ...createAuthorizer(followRedirects(server.transport), options), done: server.done };
}

// Uploads go to addresses that are nobody's but the registry's to choose. What counts is whose host it is.
test('[row 43] an address of the registry outside of its API gets the authorization, one of another host does not', async () => {
  const { send, done } = visitor(
    [
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(CHALLENGE)],
      [`GET ${REALM}?service=s&scope=repository:x:pull&account=alice | ${ALICE}`, token('t')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
      [`GET https://${HOST}/uploads/1 | Bearer t`, {}],
      ['GET https://elsewhere.example.com/uploads/1', {}],
    ],
    { credentials: alice },
  );
  await send(get(`${REGISTRY}/x/tags/list`), x);
  await send(get(`https://${HOST}/uploads/1`), x);
  await send(get('https://elsewhere.example.com/uploads/1'), x);
  done();
});

describe('[row 5] a registry that stops wanting tokens', () => {
  const before: readonly Exchange[] = [
    [`GET ${REGISTRY}/x/tags/list`, unauthorized(CHALLENGE)],
    [`GET ${REALM}?service=s&scope=repository:x:pull`, token('t')],
    [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
  ];

  test.each([401, 404, 500])(
    'is read without one, where its token server answers with %d',
    async (status) => {
      const { send, done } = visitor([
        ...before,
        [`GET ${REALM}?service=s&scope=repository:y:pull`, { status }],
        [`GET ${REGISTRY}/y/tags/list`, {}],
      ]);
      await send(get(`${REGISTRY}/x/tags/list`), x);
      expect((await send(get(`${REGISTRY}/y/tags/list`), y)).status).toBe(200);
      done();
    },
  );

  test('and if it still does, the token server is the reason, and is not asked again', async () => {
    const { send, done } = visitor([
      ...before,
      [`GET ${REALM}?service=s&scope=repository:y:pull`, { status: 500 }],
      [`GET ${REGISTRY}/y/tags/list`, unauthorized(`${CHALLENGE},scope="repository:y:pull"`)],
    ]);
    await send(get(`${REGISTRY}/x/tags/list`), x);
    expect(await failure(send(get(`${REGISTRY}/y/tags/list`), y))).toMatchObject({
      code: 'AUTH_TOKEN_INVALID',
    });
    done();
  });

  test('a body that cannot be sent twice is not risked for that', async () => {
    const { send, done } = visitor([
      ...before,
      [`GET ${REALM}?service=s&scope=repository:y:push`, { status: 500 }],
    ]);
    await send(get(`${REGISTRY}/x/tags/list`), x);
    const body = openable(
      (async function* () {
        yield Buffer.from('{}');
      })(),
    );
    const put = { ...get(`${REGISTRY}/y/manifests/1`), method: 'PUT', body };
    expect(await failure(send(put, repositoryScope('y', 'push')))).toMatchObject({
      code: 'AUTH_TOKEN_INVALID',
    });
    done();
  });
});

describe('a token server that knows no GET for users', () => {
  const byPost = (repository: string): string =>
    `POST ${REALM} | grant_type=password&client_id=stowage&service=s&scope=repository:${repository}:pull&username=alice&password=secret`;

  test('is found out once', async () => {
    const { send, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(CHALLENGE)],
        [`GET ${REALM}?service=s&scope=repository:x:pull&account=alice | ${ALICE}`, { status: 405 }],
        [byPost('x'), token('tx')],
        [`GET ${REGISTRY}/x/tags/list | Bearer tx`, {}],
        [byPost('y'), token('ty')],
        [`GET ${REGISTRY}/y/tags/list | Bearer ty`, {}],
      ],
      { credentials: alice },
    );
    await send(get(`${REGISTRY}/x/tags/list`), x);
    await send(get(`${REGISTRY}/y/tags/list`), y);
    done();
  });
});

describe('the value for other programs', () => {
  test('says why there is none, having asked once', async () => {
    const { send, authorization, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(CHALLENGE)],
      [`GET ${REALM}?service=s&scope=repository:x:pull`, token('t')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
      [`GET ${REALM}?service=s&scope=repository:y:pull`, { status: 403 }],
    ]);
    await send(get(`${REGISTRY}/x/tags/list`), x);
    expect(await failure(authorization([get(`${REGISTRY}/`)], y))).toMatchObject({ code: 'DENIED' });
    done();
  });

  test('names the helper that failed, also where an earlier process knew the way', async () => {
    const place = home();
    place.helper('pass', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'pass' });
    const options = {
      credentials: defaultCredentials({ environment: place.environment }),
      keptTokens: tokenFiles(place.at('tokens')),
    };
    const account = await options.credentials.fingerprint?.(HOST, 'y');
    const key = { origin: `https://${HOST}`, account: account ?? '' };
    const kept = { realm: REALM, service: 's', scope: 'repository:x:pull', token: 't' };
    await options.keptTokens.keep(key, { ...kept, goodUntil: Date.now() + 60_000 });
    const { authorization, done } = visitor(
      [[`GET ${REALM}?service=s&scope=repository:y:pull`, { status: 401 }]],
      options,
    );
    expect(await failure(authorization([get(`${REGISTRY}/`)], y))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: expect.stringContaining('docker-credential-pass failed'),
    });
    done();
  });
});
