import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../src/auth/credentials.ts';
import { requestToken, type Grant } from '../../src/auth/token.ts';
import { isNotFound, RegistryError } from '../../src/registry/index.ts';
import { followRedirects } from '../../src/transport/index.ts';
import { clock, failure, script, token, type Answer, type Exchange } from './script.ts';

const REALM = 'https://auth.example.com/token';
const SCOPED = `GET ${REALM}?service=registry&scope=repository:x:pull`;
const ALICE = `account=alice | Basic ${Buffer.from('alice:pässword').toString('base64')}`;
const alice: Credentials = { username: 'alice', password: 'pässword', origin: 'a test' };
const identity: Credentials = { identityToken: 'refresh-me', origin: 'a test' };
const POSTED =
  `POST ${REALM} | grant_type=refresh_token&client_id=stowage&service=registry` +
  '&scope=repository:x:pull&refresh_token=refresh-me';

interface Settings {
  readonly credentials?: Credentials;
  readonly realm?: string;
  readonly service?: string | undefined;
  readonly scopes?: readonly string[];
  readonly now?: () => number;
  readonly grant?: Grant;
}

/** Asks for a token by these exchanges, which must be all. */
async function ask(exchanges: readonly Exchange[], settings: Settings = {}): ReturnType<typeof requestToken> {
  const server = script(...exchanges);
  const { realm = REALM, now = clock().now, ...others } = settings;
  const question = {
    realm: new URL(realm),
    host: 'registry.example.com',
    service: 'registry',
    scopes: ['repository:x:pull'],
  };
  try {
    return await requestToken(followRedirects(server.transport), { ...question, ...others }, now);
  } finally {
    server.done();
    expect(server.unread, 'answers that hold a connection').toBe(0);
  }
}

async function refusal(exchanges: readonly Exchange[], settings: Settings = {}): Promise<RegistryError> {
  const error = await failure(ask(exchanges, settings));
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}

describe('asks', () => {
  test('[row 11] as nobody, by GET', async () => {
    expect(await ask([[SCOPED, token('t')]])).toMatchObject({ value: 't' });
  });

  test('[row 12] as a user, who is named and has a password', async () => {
    expect(await ask([[`${SCOPED}&${ALICE}`, token('t')]], { credentials: alice })).toMatchObject({
      value: 't',
    });
  });

  test('[row 13] as nobody, where the user has no password', async () => {
    await ask([[SCOPED, token('t')]], { credentials: { username: 'alice', password: '', origin: 'a test' } });
  });

  test('[rows 14, 25] for several scopes by a parameter each, and keeps the query of the realm', async () => {
    await ask(
      [[`GET ${REALM}?x=1&service=registry&scope=repository:a:pull&scope=repository:b:push`, token('t')]],
      {
        realm: `${REALM}?x=1`,
        scopes: ['repository:a:pull', 'repository:b:push'],
      },
    );
  });

  test.each([undefined, ''])('without service and scope where there are none (%j)', async (service) => {
    await ask([[`GET ${REALM}`, token('t')]], { service, scopes: [] });
  });

  test('says what program it is', async () => {
    const server = script([`GET ${REALM}`, token('t')]);
    const question = {
      realm: new URL(REALM),
      host: 'registry.example.com',
      scopes: [],
      userAgent: 'stowage/1',
    };
    await requestToken(server.transport, question, () => 0);
    expect(server.requests[0]?.headers['user-agent']).toBe('stowage/1');
  });
});

describe('with an identity token asks', () => {
  // As client `stowage`: token servers tell by it who asks, and we are not Docker's client.
  test('[row 21] by POST', async () => {
    expect(await ask([[POSTED, { body: '{"access_token":"t"}' }]], { credentials: identity })).toMatchObject({
      value: 't',
    });
  });

  test('[row 25] for several scopes in one parameter', async () => {
    const line = POSTED.replace('repository:x:pull', 'repository:a:pull+repository:b:push');
    await ask([[line, token('t')]], {
      credentials: identity,
      scopes: ['repository:a:pull', 'repository:b:push'],
    });
  });

  test('[row 22] and learns the one that takes its place', async () => {
    const got = await ask([[POSTED, token('t', { refresh_token: 'next' })]], { credentials: identity });
    expect(got.identityToken).toBe('next');
  });

  test.each([404, 405])('[row 24] by GET where POST is answered with %d', async (status) => {
    await ask(
      [
        [POSTED, { status }],
        [SCOPED, token('t')],
      ],
      { credentials: identity },
    );
  });

  test('by GET with the password, if there is one, where the identity token is refused', async () => {
    await ask(
      [
        [POSTED, { status: 401 }],
        [`${SCOPED}&${ALICE}`, token('t')],
      ],
      { credentials: { ...alice, ...identity } },
    );
  });

  test('once, where it is refused and there is no password', async () => {
    const error = await refusal([[POSTED, { status: 401 }]], { credentials: identity });
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    expect(error.message).toContain('the credentials come from a test');
  });

  test('[row 36] nobody but the token server: its body is not sent where a redirect leads', async () => {
    const redirect = { status: 307, headers: { location: 'https://evil.test/' } };
    expect(await refusal([[POSTED, redirect]], { credentials: identity })).toMatchObject({
      code: 'REDIRECT_REFUSED',
    });
  });
});

describe('servers that know one way alone', () => {
  const BY_PASSWORD =
    `POST ${REALM} | grant_type=password&client_id=stowage&service=registry` +
    '&scope=repository:x:pull&username=alice&password=pässword';
  const both = { ...alice, ...identity };

  test.each([400, 404, 405])(
    '[row 24] are asked by POST where GET for a user is answered with %d',
    async (status) => {
      const got = await ask(
        [
          [`${SCOPED}&${ALICE}`, { status }],
          [BY_PASSWORD, { body: '{"access_token":"t"}' }],
        ],
        { credentials: alice },
      );
      expect(got).toMatchObject({ value: 't', grant: 'password' });
    },
  );

  test.each([400, 401, 404, 405])(
    '[row 24] are asked by GET, with the password, where POST is answered with %d',
    async (status) => {
      const got = await ask(
        [
          [POSTED, { status }],
          [`${SCOPED}&${ALICE}`, token('t')],
        ],
        { credentials: both },
      );
      expect(got).toMatchObject({ value: 't', grant: 'get' });
    },
  );

  test('are asked in the way that worked before', async () => {
    await ask([[BY_PASSWORD, token('t')]], { credentials: alice, grant: 'password' });
    await ask([[`${SCOPED}&${ALICE}`, token('t')]], { credentials: both, grant: 'get' });
    await ask([[SCOPED, token('t')]], { grant: 'password' });
  });

  test('refuse, and it is not tried otherwise: a password is either right or not', async () => {
    for (const status of [401, 403, 429, 500])
      await refusal([[`${SCOPED}&${ALICE}`, { status }]], { credentials: alice });
  });

  test('and none of them: the first answer is the one that is told', async () => {
    const error = await refusal(
      [
        [`${SCOPED}&${ALICE}`, { status: 400, body: '{"message":"no such service"}' }],
        [BY_PASSWORD, { status: 405 }],
      ],
      { credentials: alice },
    );
    expect(error.message).toContain('status 400 (no such service)');
    expect(await refusal([[SCOPED, { status: 404 }]])).toMatchObject({ detail: { status: 404 } });
  });

  test('but tell that the password is wrong when asked by POST', async () => {
    const error = await refusal(
      [
        [`${SCOPED}&${ALICE}`, { status: 405 }],
        [BY_PASSWORD, { status: 401 }],
      ],
      { credentials: alice },
    );
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', method: 'POST' });
  });

  test('[row 36] get no password where they redirect a POST to', async () => {
    const redirect = { status: 307, headers: { location: 'https://evil.test/' } };
    const exchanges: readonly Exchange[] = [
      [`${SCOPED}&${ALICE}`, { status: 405 }],
      [BY_PASSWORD, redirect],
    ];
    expect(await refusal(exchanges, { credentials: alice })).toMatchObject({ code: 'REDIRECT_REFUSED' });
  });

  test('[row 23] without credentials are never asked by POST', async () => {
    await refusal([[SCOPED, { status: 405 }]]);
  });
});

describe('the token', () => {
  test.each([
    ['{"token":"a"}', 'a'],
    ['{"access_token":"b"}', 'b'],
    ['{"access_token":"b","token":"a"}', 'b'],
    ['{"access_token":"","token":"a"}', 'a'],
  ])('[row 15] of %s is %s', async (body, want) => {
    expect((await ask([[SCOPED, { body }]])).value).toBe(want);
  });

  const html: Answer = { headers: { 'content-type': 'text/html' }, body: '<html>secret</html>' };
  // Row 22 of the corpus.
  test.each([
    ['HTML', html, 'its answer (text/html) is not valid JSON'],
    ['nothing', { body: '' }, 'not valid JSON'],
    ['an empty object', { body: '{}' }, 'its answer has no token'],
    ['an array', { body: '[]' }, 'not a JSON object'],
    ['an empty token', { body: '{"token":""}' }, 'its answer has no token'],
    ['a token that is null', { body: '{"token":null}' }, 'its answer has no token'],
    ['a token that is a number', { body: '{"token":5}' }, 'the token is not a text'],
    [
      'a token with a line break',
      { body: '{"token":"secret\\r\\nX: y"}' },
      'characters that no header may have',
    ],
    ['a token that is not ASCII', { body: '{"token":"sécret"}' }, 'characters that no header may have'],
    ['a token cut off', { body: '{"token":"secret' }, 'not valid JSON'],
    ['10 MB', { body: Buffer.alloc(10 * 1024 * 1024, 0x20) }, 'its answer is longer than 65536 bytes'],
    ['a redirect that is none', { status: 304 }, 'it answered with status 304'],
    ['an error of its own', { status: 500, body: '{"message":"no database"}' }, 'status 500 (no database)'],
  ] satisfies [string, Answer, string][])('[row 16] is refused from %s', async (_name, answer, why) => {
    const error = await refusal([[SCOPED, answer]]);
    expect(error.code).toBe('AUTH_TOKEN_INVALID');
    expect(error.message).toMatch(
      /^auth.example.com, the token server of registry.example.com, gave no usable token: /,
    );
    expect(error.message).toContain(why);
    expect(JSON.stringify([error.message, String(error.cause), error.detail])).not.toMatch(/s[eé]cret/);
  });

  test('[row 36] [A2] of a redirect to another host is refused: the password was left behind', async () => {
    const redirect = { status: 302, headers: { location: 'https://other.example.com/token' } };
    const error = await refusal(
      [
        [`${SCOPED}&${ALICE}`, redirect],
        ['GET https://other.example.com/token', token('anonymous')],
      ],
      { credentials: alice },
    );
    expect(error.message).toContain('redirects to other.example.com, where credentials do not follow');
  });

  test('of a redirect is taken where there was no password to lose', async () => {
    const redirect = { status: 302, headers: { location: 'https://other.example.com/token' } };
    await ask([
      [SCOPED, redirect],
      ['GET https://other.example.com/token', token('t')],
    ]);
  });
});

describe('a refusal', () => {
  test.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [429, 'TOOMANYREQUESTS'],
  ])('with %d is %s, in the server’s words', async (status, code) => {
    const error = await refusal([[SCOPED, { status, body: '{"details":"not you"}' }]]);
    expect(error).toMatchObject({ code, status, method: 'GET', url: 'https://auth.example.com/token' });
    expect(error.message).toContain('(not you)');
  });

  test.each([
    ['{"errors":[{"code":"X","message":"first"}]}', '(first)'],
    ['{"error":"invalid_grant","error_description":"expired"}', '(expired)'],
    ['{"message":"two\\nlines"}', '(two\\x0alines)'],
  ])('by %s says %s', async (body, want) => {
    expect((await refusal([[SCOPED, { status: 403, body }]])).message).toContain(want);
  });

  test('[A45] does not repeat a secret that the server repeats', async () => {
    const answer = { status: 401, body: '{"error_description":"refresh-me is malformed"}' };
    expect((await refusal([[POSTED, answer]], { credentials: identity })).message).not.toContain(
      'refresh-me',
    );
  });

  test('tells how long to wait', async () => {
    const wait = (field: string): Answer => ({ status: 429, headers: { 'retry-after': field } });
    expect(await refusal([[SCOPED, wait('7')]])).toMatchObject({ retryAfter: 7 });
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect((await refusal([[SCOPED, wait(date)]])).retryAfter).toBeGreaterThan(50);
    expect((await refusal([[SCOPED, wait('soon')]])).retryAfter).toBeUndefined();
  });

  test('with 404 does not mean that the image is not there', async () => {
    const error = await refusal([[SCOPED, { status: 404 }]]);
    expect(isNotFound(error)).toBe(false);
    expect(error.detail).toEqual({ status: 404 });
  });
});

describe('a token is used', () => {
  // Row 23 of the corpus: what makes no sense is 60 s, of which the last 10 are not used.
  test.each([
    ['300', 290],
    ['60', 50],
    ['12', 6],
    ['5', 2.5],
    ['-1', 50],
    ['0', 50],
    ['1e400', 50],
    ['1e12', 50],
    ['"300"', 50],
    ['null', 50],
  ])(
    '[rows 17, 20] with expires_in %s for %d s, whatever the server’s clock says',
    async (expiresIn, seconds) => {
      const body = `{"token":"t","expires_in":${expiresIn},"issued_at":"2099-01-01T00:00:00Z"}`;
      const { goodUntil } = await ask([[SCOPED, { body }]], { now: () => 0 });
      expect(goodUntil).toBe(seconds * 1000);
    },
  );

  // What the server's two clocks say agrees, though neither does with ours.
  test.each([
    ['issued 1000 s ago', '2031-05-05T00:00:00Z', 'Mon, 05 May 2031 00:16:40 GMT', 1991],
    ['issued now', '2031-05-05T00:00:00Z', 'Mon, 05 May 2031 00:00:00 GMT', 2991],
    [
      'issued longer ago than it lives: a clock is wrong',
      '2031-05-05T00:00:00Z',
      'Mon, 05 May 2031 09:00:00 GMT',
      2991,
    ],
    ['issued in the future', '2031-05-05T09:00:00Z', 'Mon, 05 May 2031 00:00:00 GMT', 2991],
    ['issued at no time', 'yesterday', 'Mon, 05 May 2031 00:00:00 GMT', 2991],
    ['issued, but the answer has no date', '2031-05-05T00:00:00Z', undefined, 2991],
  ])('[rows 19, 20] with expires_in 3001, %s', async (_name, issuedAt, date, seconds) => {
    const body = JSON.stringify({ token: 't', expires_in: 3001, issued_at: issuedAt });
    const answer = { body, ...(date !== undefined && { headers: { date } }) };
    expect((await ask([[SCOPED, answer]], { now: () => 0 })).goodUntil).toBe(seconds * 1000);
  });

  test('[row 17] for 50 s, where the server says nothing', async () => {
    expect((await ask([[SCOPED, { body: '{"token":"t"}' }]], { now: () => 0 })).goodUntil).toBe(50_000);
  });

  test('from when it was asked for, not from when it came', async () => {
    const time = clock();
    const server = script([`GET ${REALM}`, token('t', { expires_in: 60 })]);
    const question = { realm: new URL(REALM), host: 'registry.example.com', scopes: [] };
    const asked = time.now();
    const slow: typeof server.transport = async (request) => {
      time.pass(30);
      return server.transport(request);
    };
    expect((await requestToken(slow, question, time.now)).goodUntil).toBe(asked + 50_000);
  });
});
