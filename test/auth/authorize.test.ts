import { describe, expect, test, vi } from 'vitest';
import { createAuthorizer, type AuthorizerOptions } from '../../src/auth/authorize.ts';
import { staticCredentials } from '../../src/auth/credentials.ts';
import { catalogScope, noScope, repositoryScope, unionScopes, type Scope } from '../../src/auth/scope.ts';
import { openable, RegistryError, type Source } from '../../src/registry/index.ts';
import { followRedirects, type TransportResponse } from '../../src/transport/index.ts';
import { clock, failure, script, token, unauthorized, type Exchange } from './script.ts';

const HOST = 'registry.example.com';
const REGISTRY = `https://${HOST}/v2`;
const REALM = 'https://auth.example.com/token';
const ALICE = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
const alice = staticCredentials({ [HOST]: { username: 'alice', password: 'secret', origin: 'a test' } });
const identity = staticCredentials({ [HOST]: { identityToken: 'secret', origin: 'a test' } });
const x = repositoryScope('x', 'pull');
const y = repositoryScope('y', 'pull');

/** The 401 of a registry whose token server is trusted with credentials. */
const bearer = (scope?: string, realm = REALM): string =>
  `Bearer realm="${realm}",service="registry"${scope === undefined ? '' : `,scope="${scope}"`}`;
const tokenFor = (...scopes: readonly string[]): string =>
  `GET ${REALM}?service=registry${scopes.map((scope) => `&scope=${scope}`).join('')}`;

/** A client of scripted servers. */
function visitor(exchanges: readonly Exchange[], options: AuthorizerOptions = {}) {
  const server = script(...exchanges);
  const time = clock();
  const authorizer = createAuthorizer(followRedirects(server.transport), { now: time.now, ...options });
  const send = async (
    method: string,
    path: string,
    scope: Scope,
    body?: Source,
  ): Promise<TransportResponse> => {
    const url = new URL(path.startsWith('/') ? `${REGISTRY}${path}` : path);
    const response = await authorizer.send(
      { method, url, headers: {}, ...(body && { body: openable(body) }) },
      scope,
    );
    await response.discard();
    return response;
  };
  return {
    time,
    authorizer,
    send,
    get: async (path: string, scope: Scope): Promise<number> => (await send('GET', path, scope)).status,
    /** The error of a request. */
    refusal: async (path: string, scope: Scope): Promise<RegistryError> => {
      const error = await failure(send('GET', path, scope));
      expect(error).toBeInstanceOf(RegistryError);
      return error as RegistryError;
    },
    done: () => {
      server.done();
      expect(server.unread, 'answers that hold a connection').toBe(0);
    },
  };
}

describe('requests', () => {
  test('a registry that is open gets one request, and credentials are not even looked up', async () => {
    const credentials = vi.fn(alice);
    const { get, done } = visitor([[`GET ${REGISTRY}/x/manifests/1`, {}]], { credentials });
    expect(await get('/x/manifests/1', x)).toBe(200);
    expect(credentials).not.toHaveBeenCalled();
    done();
  });

  test('a cold pull takes three, the same repository one more, another repository two', async () => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
        [`${tokenFor('repository:x:pull')}&account=alice | ${ALICE}`, token('t-x')],
        [`GET ${REGISTRY}/x/manifests/1 | Bearer t-x`, {}],
        [`GET ${REGISTRY}/x/manifests/2 | Bearer t-x`, {}],
        [`${tokenFor('repository:y:pull')}&account=alice | ${ALICE}`, token('t-y')],
        [`GET ${REGISTRY}/y/manifests/1 | Bearer t-y`, {}],
        [`GET ${REGISTRY}/x/manifests/3 | Bearer t-x`, {}],
      ],
      { credentials: alice },
    );
    for (const [path, scope] of [
      ['/x/manifests/1', x],
      ['/x/manifests/2', x],
      ['/y/manifests/1', y],
      ['/x/manifests/3', x],
    ] as const) {
      expect(await get(path, scope)).toBe(200);
    }
    done();
  });

  test('[rows 1, 28] a ping makes the challenge known; any token serves it then', async () => {
    const { get, done } = visitor([
      [`GET ${REGISTRY}/`, unauthorized(bearer())],
      [tokenFor(), token('t')],
      [`GET ${REGISTRY}/ | Bearer t`, {}],
      [tokenFor('registry:catalog:*'), token('c')],
      [`GET ${REGISTRY}/_catalog | Bearer c`, {}],
      [`GET ${REGISTRY}/ | Bearer c`, {}],
    ]);
    await get('/', noScope);
    await get('/_catalog', catalogScope);
    await get('/', noScope);
    done();
  });

  test('[row 27] a token is for what the registry names and what the request needs, together', async () => {
    const pushAndPull = repositoryScope('x', 'push', 'pull');
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull,push'), token('t')],
      [`GET ${REGISTRY}/x/manifests/1 | Bearer t`, {}],
      [`GET ${REGISTRY}/x/manifests/2 | Bearer t`, {}],
    ]);
    await get('/x/manifests/1', pushAndPull);
    await get('/x/manifests/2', x);
    done();
  });

  test('[row 26] a mount asks for both repositories', async () => {
    const { send, done } = visitor([
      [`POST ${REGISTRY}/to/blobs/uploads/`, unauthorized(bearer('repository:to:pull,push'))],
      [tokenFor('repository:from:pull', 'repository:to:pull,push'), token('t')],
      [`POST ${REGISTRY}/to/blobs/uploads/ | Bearer t`, { status: 201 }],
    ]);
    await send(
      'POST',
      '/to/blobs/uploads/',
      unionScopes(repositoryScope('from', 'pull'), repositoryScope('to', 'push')),
    );
    done();
  });

  test('a registry that wants more than was foreseen gets a token for that too', async () => {
    const { get, done } = visitor([
      [`GET ${REGISTRY}/`, unauthorized(bearer())],
      [tokenFor(), token('t')],
      [`GET ${REGISTRY}/ | Bearer t`, {}],
      [tokenFor('repository:x:pull'), token('t-x')],
      [`GET ${REGISTRY}/x/manifests/1 | Bearer t-x`, unauthorized(bearer('repository:library/x:pull'))],
      [tokenFor('repository:library/x:pull', 'repository:x:pull'), token('t-library')],
      [`GET ${REGISTRY}/x/manifests/1 | Bearer t-library`, {}],
    ]);
    await get('/', noScope);
    expect(await get('/x/manifests/1', x)).toBe(200);
    done();
  });

  test('[rows 21, 22] an identity token is sent to the token server alone, and replaced when it says so', async () => {
    const post = (scope: string, secret: string): string =>
      `POST ${REALM} | grant_type=refresh_token&client_id=stowage&service=registry&scope=${scope}&refresh_token=${secret}`;
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
        [post('repository:x:pull', 'secret'), token('t-x', { refresh_token: 'next' })],
        [`GET ${REGISTRY}/x/manifests/1 | Bearer t-x`, {}],
        [post('repository:y:pull', 'next'), token('t-y')],
        [`GET ${REGISTRY}/y/manifests/1 | Bearer t-y`, {}],
      ],
      { credentials: identity },
    );
    await get('/x/manifests/1', x);
    await get('/y/manifests/1', y);
    done();
  });

  test('Basic: two for the first, then one each', async () => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/manifests/1`, unauthorized('Basic realm="Artifactory Realm"')],
        [`GET ${REGISTRY}/x/manifests/1 | ${ALICE}`, {}],
        [`GET ${REGISTRY}/y/manifests/1 | ${ALICE}`, {}],
      ],
      { credentials: alice },
    );
    await get('/x/manifests/1', x);
    await get('/y/manifests/1', y);
    done();
  });

  test('a token for the registry itself is used for everything, once there was a challenge', async () => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
        [`GET ${REGISTRY}/x/manifests/1 | Bearer mine`, {}],
        [`GET ${REGISTRY}/y/manifests/1 | Bearer mine`, {}],
      ],
      { credentials: staticCredentials({ [HOST]: { registryToken: 'mine' } }) },
    );
    await get('/x/manifests/1', x);
    await get('/y/manifests/1', y);
    done();
  });

  test('a body is sent again with the token', async () => {
    const { send, done } = visitor([
      [`PUT ${REGISTRY}/x/manifests/1 | {}`, unauthorized(bearer('repository:x:push'))],
      [tokenFor('repository:x:push'), token('t')],
      [`PUT ${REGISTRY}/x/manifests/1 | Bearer t | {}`, { status: 201 }],
    ]);
    const push = repositoryScope('x', 'push');
    expect((await send('PUT', '/x/manifests/1', push, Buffer.from('{}'))).status).toBe(201);
    done();
  });

  test('a body that cannot be sent again fails, and the next request knows better', async () => {
    const { send, done } = visitor([
      [`PUT ${REGISTRY}/x/manifests/1 | {}`, unauthorized(bearer('repository:x:push'))],
      [tokenFor('repository:x:push'), token('t')],
      [`PUT ${REGISTRY}/x/manifests/1 | Bearer t | {}`, { status: 201 }],
    ]);
    const push = repositoryScope('x', 'push');
    const once = (): Source =>
      (async function* () {
        yield Buffer.from('{}');
      })();
    expect(await failure(send('PUT', '/x/manifests/1', push, once()))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the source cannot be sent again'),
      method: 'PUT',
      repository: 'x',
    });
    expect((await send('PUT', '/x/manifests/1', push, once())).status).toBe(201);
    done();
  });
});

describe('both ways offered', () => {
  const both = unauthorized(`${bearer('repository:x:pull')}, Basic realm="x"`);

  test('[row 33] Bearer is taken, also by nobody', async () => {
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, both],
      [tokenFor('repository:x:pull'), token('t')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
    ]);
    expect(await get('/x/tags/list', x)).toBe(200);
    done();
  });

  test.each(['https://evil.test/token', '/token', ''])(
    'Basic is taken where the realm is %j',
    async (realm) => {
      const { get, done } = visitor(
        [
          [`GET ${REGISTRY}/x/tags/list`, unauthorized('Basic realm="x"', bearer(undefined, realm))],
          [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, {}],
        ],
        { credentials: alice },
      );
      expect(await get('/x/tags/list', x)).toBe(200);
      done();
    },
  );
});

describe('tokens end', () => {
  const cold = (value: string): readonly Exchange[] => [
    [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull'))],
    [tokenFor('repository:x:pull'), token(value)],
    [`GET ${REGISTRY}/x/tags/list | Bearer ${value}`, {}],
  ];

  test('by time: a new one is got before it is refused', async () => {
    const { get, time, done } = visitor([
      ...cold('t1'),
      [`GET ${REGISTRY}/x/tags/list | Bearer t1`, {}],
      [tokenFor('repository:x:pull'), token('t2')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, {}],
    ]);
    await get('/x/tags/list', x);
    time.pass(289);
    await get('/x/tags/list', x);
    time.pass(2);
    await get('/x/tags/list', x);
    done();
  });

  test('[row 31] by the registry’s will: it is dropped, and renewed once', async () => {
    const { get, done } = visitor([
      ...cold('t1'),
      [
        `GET ${REGISTRY}/x/tags/list | Bearer t1`,
        unauthorized(`${bearer('repository:x:pull')},error="invalid_token"`),
      ],
      [tokenFor('repository:x:pull'), token('t2')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, {}],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, {}],
    ]);
    for (let i = 0; i < 3; i++) expect(await get('/x/tags/list', x)).toBe(200);
    done();
  });

  test('all at once: an older token is not tried in place of a new one', async () => {
    const push = repositoryScope('x', 'pull', 'push');
    const { get, done } = visitor([
      ...cold('t1'),
      [tokenFor('repository:x:pull,push'), token('t2')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, {}],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), token('t3')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t3`, {}],
    ]);
    await get('/x/tags/list', x);
    await get('/x/tags/list', push);
    expect(await get('/x/tags/list', x)).toBe(200);
    done();
  });
});

describe('a refused token', () => {
  test('is not tried again for something else', async () => {
    const push = repositoryScope('x', 'pull', 'push');
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull,push'), token('t1')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t1`, {}],
      [`GET ${REGISTRY}/x/tags/list | Bearer t1`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), token('t2')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t2`, {}],
      [tokenFor('repository:x:pull,push'), token('t3')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t3`, {}],
    ]);
    await get('/x/tags/list', push);
    await get('/x/tags/list', x);
    await get('/x/tags/list', push);
    done();
  });
});

describe('at the same time', () => {
  test('[row 32] ten requests to a registry that nobody has met take one 401 and one token', async () => {
    const ten = Array.from({ length: 10 });
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), token('t')],
      ...ten.map((): Exchange => [`GET ${REGISTRY}/x/manifests/1 | Bearer t`, {}]),
    ]);
    expect(await Promise.all(ten.map(() => get('/x/manifests/1', x)))).toEqual(ten.map(() => 200));
    done();
  });

  test('two requests whose token was revoked renew it once, also if one comes late', async () => {
    const exchanges: readonly Exchange[] = [
      [`GET ${REGISTRY}/x/manifests/1`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), token('t1')],
      [`GET ${REGISTRY}/x/manifests/1 | Bearer t1`, {}],
      [`GET ${REGISTRY}/x/manifests/2 | Bearer t1`, unauthorized(bearer('repository:x:pull'))],
      [`GET ${REGISTRY}/x/manifests/3 | Bearer t1`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), token('t2')],
      [`GET ${REGISTRY}/x/manifests/2 | Bearer t2`, {}],
      [`GET ${REGISTRY}/x/manifests/3 | Bearer t2`, {}],
    ];
    const server = script(...exchanges);
    let release = (): void => {};
    const late = new Promise<void>((resolve) => (release = resolve));
    const authorizer = createAuthorizer(
      async (request) => {
        const response = await server.transport(request);
        if (request.url.pathname.endsWith('/3') && response.status === 401) await late;
        return response;
      },
      { now: clock().now },
    );
    const get = (tag: number): Promise<TransportResponse> =>
      authorizer.send({ method: 'GET', url: new URL(`${REGISTRY}/x/manifests/${tag}`), headers: {} }, x);
    await get(1);
    const [second, third] = [get(2), get(3)];
    await second;
    release();
    expect((await third).status).toBe(200);
    server.done();
  });

  test('who leaves does not take the token away from the others', async () => {
    let answer = (): void => {};
    const asked = vi.fn();
    const authorizer = createAuthorizer(async ({ url, headers, signal }) => {
      const empty = { headers: {}, url, discard: async () => {} };
      if (url.href.startsWith(REALM)) {
        asked();
        await new Promise<void>((resolve, reject) => {
          answer = resolve;
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        });
        return {
          ...empty,
          status: 200,
          body: (async function* () {
            yield Buffer.from('{"token":"t"}');
          })(),
        };
      }
      const status = headers['authorization'] === undefined ? 401 : 200;
      return { ...empty, headers: { 'www-authenticate': bearer() }, status, body: (async function* () {})() };
    });
    const leaver = new AbortController();
    const request = { method: 'GET', url: new URL(`${REGISTRY}/x/tags/list`), headers: {} };
    const first = failure(authorizer.send({ ...request, signal: leaver.signal }, x));
    const second = authorizer.send(request, x);
    await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
    leaver.abort(new Error('gone'));
    expect(await first).toMatchObject({ message: 'gone' });
    answer();
    expect((await second).status).toBe(200);
    expect(asked).toHaveBeenCalledOnce();
  });
});

describe('token servers that want other words', () => {
  const odd = 'repository:x:pull openid';

  test('get the registry’s, as they are, after they refused ours', async () => {
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull,metadata_read'))],
      [tokenFor('repository:x:metadata_read,pull,push'), { status: 403 }],
      [tokenFor('repository:x:pull,metadata_read'), token('t')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
    ]);
    await get('/x/tags/list', repositoryScope('x', 'pull', 'push'));
    await get('/x/tags/list', repositoryScope('x', 'pull', 'push'));
    done();
  });

  test('are asked no more than twice', async () => {
    const { refusal, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer(odd))],
      [tokenFor('openid', 'repository:x:pull'), { status: 401 }],
      [tokenFor(odd.replace(' ', '+')), { status: 401 }],
    ]);
    expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'UNAUTHORIZED' });
    done();
  });

  test('are asked once, where the words are the same', async () => {
    const { refusal, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull'))],
      [tokenFor('repository:x:pull'), { status: 401 }],
    ]);
    const { message } = await refusal('/x/tags/list', x);
    expect(message).toBe(
      `auth.example.com gives no token for ${HOST}; no credentials are known for ${HOST}: log in if it is not public`,
    );
    done();
  });

  test('[row 5] that refuse in advance are not asked the same again', async () => {
    const { get, refusal, done } = visitor([
      [`GET ${REGISTRY}/`, unauthorized(bearer())],
      [tokenFor(), token('t')],
      [`GET ${REGISTRY}/ | Bearer t`, {}],
      [tokenFor('repository:x:pull'), { status: 403 }],
      [`GET ${REGISTRY}/x/tags/list`, {}],
      [tokenFor('repository:y:pull'), { status: 403 }],
      [`GET ${REGISTRY}/y/tags/list`, unauthorized(bearer('repository:y:pull'))],
    ]);
    await get('/', noScope);
    expect(await get('/x/tags/list', x), 'it was open').toBe(200);
    expect(await refusal('/y/tags/list', y)).toMatchObject({ code: 'DENIED' });
    done();
  });

  test('that fail otherwise fail the request', async () => {
    const { refusal, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull openid'))],
      [tokenFor('openid', 'repository:x:pull'), { status: 429, headers: { 'retry-after': '3' } }],
    ]);
    expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 3 });
    done();
  });
});

describe('refused', () => {
  // Row 19 of the corpus.
  test('is a 401 without a challenge', async () => {
    const { refusal, done } = visitor([[`GET ${REGISTRY}/x/tags/list`, unauthorized()]], {
      credentials: alice,
    });
    expect(await refusal('/x/tags/list', x)).toMatchObject({
      code: 'UNAUTHORIZED',
      message: `${HOST}: registry sent no challenge`,
      status: 401,
      method: 'GET',
      url: `${REGISTRY}/x/tags/list`,
      repository: 'x',
    });
    done();
  });

  test.each([
    ['of a scheme that we do not know', 'Negotiate'],
    ['that does not end', 'Bearer realm="unterminated'],
    ['that is empty', ''],
    ['of 64 KiB', `Bearer realm="${'"'.repeat(65_536)}`],
  ])('is a 401 with a challenge %s', async (_name, challenge) => {
    const { refusal, done } = visitor([[`GET ${REGISTRY}/x/tags/list`, unauthorized(challenge)]]);
    expect((await refusal('/x/tags/list', x)).message).toContain(
      'registry sent no challenge that can be met',
    );
    done();
  });

  test('[row 30] is a new token, for good: it would be refused again', async () => {
    const { refusal, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull'))],
        [`${tokenFor('repository:x:pull')}&account=alice | ${ALICE}`, token('t')],
        [`GET ${REGISTRY}/x/tags/list | Bearer t`, unauthorized(bearer('repository:x:pull'))],
      ],
      { credentials: alice },
    );
    const error = await refusal('/x/tags/list', x);
    expect(error).toMatchObject({ code: 'DENIED', status: 403, detail: { status: 401 }, repository: 'x' });
    expect(error.message).toBe(
      `${HOST} does not accept a new token for repository:x:pull (authentication required); the credentials come from a test`,
    );
    done();
  });

  test('is a token got in advance, where the registry wants the same again', async () => {
    const { get, refusal, done } = visitor([
      [`GET ${REGISTRY}/`, unauthorized(bearer())],
      [tokenFor(), token('t')],
      [`GET ${REGISTRY}/ | Bearer t`, {}],
      [tokenFor('repository:x:pull'), token('t-x')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t-x`, unauthorized(bearer('repository:x:pull'))],
    ]);
    await get('/', noScope);
    expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'DENIED' });
    done();
  });

  test('is a password; then it is looked up anew', async () => {
    const credentials = vi.fn(alice);
    const basic = 'Basic realm="x"';
    const { get, refusal, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(basic)],
        [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, unauthorized(basic)],
        [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, {}],
        [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, unauthorized(basic)],
      ],
      { credentials },
    );
    const error = await refusal('/x/tags/list', x);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    expect(error.message).toContain(`${HOST} does not accept who we are`);
    expect(error.message).toContain('the credentials come from a test');
    expect(error.message).not.toContain('secret');
    await get('/x/tags/list', x);
    expect(credentials).toHaveBeenCalledTimes(2);
    await refusal('/x/tags/list', x);
    done();
  });

  test('is nobody, where a password is wanted', async () => {
    const { refusal, done } = visitor([[`GET ${REGISTRY}/x/tags/list`, unauthorized('Basic realm="x"')]]);
    expect((await refusal('/x/tags/list', x)).message).toBe(
      `${HOST} wants a user name and a password, and none are known: log in to ${HOST}`,
    );
    done();
  });

  test('is a token for the registry itself', async () => {
    const { refusal, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(bearer('repository:x:pull'))],
        [`GET ${REGISTRY}/x/tags/list | Bearer mine`, unauthorized(bearer('repository:x:pull'))],
      ],
      { credentials: staticCredentials({ [HOST]: { registryToken: 'mine', origin: 'a test' } }) },
    );
    expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'UNAUTHORIZED' });
    done();
  });
});

describe('what may go where', () => {
  const blob = '/x/blobs/sha256:1';

  test('[A2] a redirect to another host gets no token, and its 401 no answer', async () => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}${blob}`, unauthorized(bearer('repository:x:pull'))],
        [`${tokenFor('repository:x:pull')}&account=alice | ${ALICE}`, token('t')],
        [`GET ${REGISTRY}${blob} | Bearer t`, { status: 307, headers: { location: 'https://cdn.test/1' } }],
        ['GET https://cdn.test/1', unauthorized('Bearer realm="https://evil.test/token"')],
      ],
      { credentials: alice },
    );
    expect(await get(blob, x)).toBe(401);
    done();
  });

  test('[A1] a redirect before any challenge neither', async () => {
    const credentials = vi.fn(alice);
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}${blob}`, { status: 307, headers: { location: 'https://cdn.test/1' } }],
        ['GET https://cdn.test/1', unauthorized('Basic realm="x"')],
      ],
      { credentials },
    );
    expect(await get(blob, x)).toBe(401);
    expect(credentials).not.toHaveBeenCalled();
    done();
  });

  test.each([
    'http://registry.example.com/v2/x/tags/list',
    'https://registry.example.com:8443/v2/x/tags/list',
  ])('[A1, A2] what one origin knows, %s does not', async (other) => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized('Basic realm="x"')],
        [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, {}],
        [`GET ${other}`, {}],
      ],
      { credentials: alice },
    );
    await get('/x/tags/list', x);
    await get(other, x);
    done();
  });

  test('credentials are asked for by host, port and repository', async () => {
    const credentials = vi.fn(async () => undefined);
    const { get, done } = visitor(
      [
        [
          'GET http://localhost:5000/v2/x/tags/list',
          unauthorized(bearer('repository:x:pull', 'http://localhost:5000/token')),
        ],
        ['GET http://localhost:5000/token?service=registry&scope=repository:x:pull', token('t')],
        ['GET http://localhost:5000/v2/x/tags/list | Bearer t', {}],
      ],
      { credentials },
    );
    await get('http://localhost:5000/v2/x/tags/list', x);
    expect(credentials.mock.calls).toEqual([['localhost:5000', 'x']]);
    done();
  });

  const foreign = bearer('repository:x:pull', 'https://auth.other.test/token');
  const foreignToken = 'GET https://auth.other.test/token?service=registry&scope=repository:x:pull';

  test('[row 35] [A3] a token server on another site gets no credentials', async () => {
    const { refusal, done } = visitor([[`GET ${REGISTRY}/x/tags/list`, unauthorized(foreign)]], {
      credentials: alice,
    });
    const error = await refusal('/x/tags/list', x);
    expect(error.code).toBe('AUTH_REALM_REFUSED');
    expect(error.message).toContain('--allow-realm auth.other.test');
    done();
  });

  test('unless the user allows it', async () => {
    const { get, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(foreign)],
        [`${foreignToken}&account=alice | ${ALICE}`, token('t')],
        [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
      ],
      { credentials: alice, allowRealms: ['auth.other.test'] },
    );
    expect(await get('/x/tags/list', x)).toBe(200);
    done();
  });

  test('or there are none', async () => {
    const { get, done } = visitor([
      [`GET ${REGISTRY}/x/tags/list`, unauthorized(foreign)],
      [foreignToken, token('t')],
      [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
    ]);
    expect(await get('/x/tags/list', x)).toBe(200);
    done();
  });

  test('a refused realm does not keep us from what is open', async () => {
    const { get, refusal, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list`, unauthorized(foreign)],
        [`GET ${REGISTRY}/y/tags/list`, {}],
      ],
      { credentials: alice },
    );
    await refusal('/x/tags/list', x);
    expect(await get('/y/tags/list', y)).toBe(200);
    done();
  });

  // Row 20 of the corpus.
  test.each([
    undefined,
    '/token',
    'file:///etc/passwd',
    'http://registry.example.com/token',
    'https://127.0.0.1/token',
  ])('no request goes to the realm %s', async (realm) => {
    const challenge = realm === undefined ? 'Bearer service="registry"' : `Bearer realm="${realm}"`;
    const { refusal, done } = visitor([[`GET ${REGISTRY}/x/tags/list`, unauthorized(challenge)]]);
    expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'AUTH_REALM_REFUSED', repository: 'x' });
    done();
  });

  // A45: whatever fails, no message has a secret.
  test('[A45] errors have no secrets', async () => {
    const echo = { status: 401, body: JSON.stringify({ message: `secret ${ALICE} is wrong` }) };
    const { refusal, done } = visitor(
      [
        [`GET ${REGISTRY}/x/tags/list?state=secret`, unauthorized(bearer('repository:x:pull'))],
        [`${tokenFor('repository:x:pull')}&account=alice | ${ALICE}`, echo],
      ],
      { credentials: alice },
    );
    const error = await refusal('/x/tags/list?state=secret', x);
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('secret');
    done();
  });
});

test('credentials that cannot be had fail the request, and are looked for again', async () => {
  const credentials = vi
    .fn(alice)
    .mockRejectedValueOnce(new RegistryError('CREDENTIALS_INVALID', 'the key ring is locked'));
  const { get, refusal, done } = visitor(
    [
      [`GET ${REGISTRY}/x/tags/list`, unauthorized('Basic realm="x"')],
      [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, {}],
    ],
    { credentials },
  );
  expect(await refusal('/x/tags/list', x)).toMatchObject({ code: 'CREDENTIALS_INVALID' });
  expect(await get('/x/tags/list', x)).toBe(200);
  done();
});

test('credentials are looked up again after five minutes', async () => {
  const credentials = vi.fn(alice);
  const { get, time, done } = visitor(
    [
      [`GET ${REGISTRY}/x/tags/list`, unauthorized('Basic realm="x"')],
      ...Array.from({ length: 3 }, (): Exchange => [`GET ${REGISTRY}/x/tags/list | ${ALICE}`, {}]),
    ],
    { credentials },
  );
  await get('/x/tags/list', x);
  time.pass(299);
  await get('/x/tags/list', x);
  expect(credentials).toHaveBeenCalledTimes(1);
  time.pass(2);
  await get('/x/tags/list', x);
  expect(credentials).toHaveBeenCalledTimes(2);
  done();
});
