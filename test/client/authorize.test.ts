/** Tokens in advance, for many repositories at once; and the value of `Authorization` for other programs. */
import { describe, expect, test } from 'vitest';
import { staticCredentials, tokenFiles } from '../../src/auth/index.ts';
import type { ClientOptions, RegistryClient } from '../../src/client/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { home } from '../auth/folder.ts';
import { during, failure, talk } from './talk.ts';

const REALM = 'https://auth.registry.test/token';
const alice = staticCredentials({ 'registry.test': { username: 'alice', password: 'hunter2' } });
const identity = staticCredentials({ 'registry.test': { identityToken: 'hunter2' } });

const challenge = (more = ''): Answer => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${REALM}",service="s"${more}` },
});
const ping: Exchange = { request: 'GET /v2/', headers: { authorization: undefined }, answer: challenge() };
const scopes = (...names: readonly string[]): string =>
  names.map((name) => `&scope=repository:${name}:pull`).join('');
const asked = (names: readonly string[], token: string): Exchange => ({
  request: `GET ${REALM}?service=s${scopes(...names)}`,
  answer: { body: JSON.stringify({ token, expires_in: 300 }) },
});
const refusedFor = (names: readonly string[], status = 403): Exchange => ({
  ...asked(names, ''),
  answer: { status },
});
const read = (name: string, token: string): Exchange => ({
  request: `HEAD /v2/${name}/manifests/1`,
  headers: { authorization: `Bearer ${token}` },
  answer: {
    headers: {
      'docker-content-digest': digestOf(Buffer.from('{}')),
      'content-length': '2',
      'content-type': mediaTypes.ociManifest,
    },
  },
});
const readRefused = (name: string, token: string, error: string): Exchange => ({
  ...read(name, token),
  answer: challenge(`,scope="repository:${name}:pull",error="${error}"`),
});

/** Authorizes for repositories, and then reads them in turn. */
const readAll =
  (...names: readonly string[]) =>
  async (registry: RegistryClient): Promise<void> => {
    await registry.authorize(names.map((repository) => ({ repository, actions: ['pull'] })));
    for (const name of names) await registry.resolveManifest(name, '1');
  };

describe('many repositories', () => {
  test('[row 25] take one question, one token with a parameter for each, and one request each', async () => {
    await during(
      [ping, asked(['a', 'b', 'c'], 't'), read('a', 't'), read('b', 't'), read('c', 't')],
      readAll('a', 'b', 'c'),
    );
  });

  test('[row 25] with an identity token, one parameter with all', async () => {
    const body =
      /^grant_type=refresh_token&client_id=stowage&service=s&scope=repository%3Aa%3Apull\+repository%3Ab%3Apull&refresh_token=hunter2$/;
    await during(
      [
        ping,
        { request: `POST ${REALM}`, body, answer: { body: '{"access_token":"t"}' } },
        read('a', 't'),
        read('b', 't'),
      ],
      readAll('a', 'b'),
      { credentials: identity },
    );
  });

  test('take a token for 25 at a time, and fewer where the names are long', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `r${String(at).padStart(2, '0')}`);
    await during([ping, asked(names.slice(0, 25), 't1'), asked(names.slice(25), 't2')], (registry) =>
      registry.authorize(names.map((repository) => ({ repository, actions: ['pull'] }))),
    );
    const long = ['a', 'b', 'c'].map((letter) => letter.repeat(1900));
    await during([ping, asked(long.slice(0, 2), 't1'), asked(long.slice(2), 't2')], (registry) =>
      registry.authorize(long.map((repository) => ({ repository, actions: ['pull'] }))),
    );
  });

  test('[row 27] take nothing for what there is a token for, nor twice for the same', async () => {
    await during(
      [ping, asked(['a', 'b'], 't1'), asked(['c', 'd'], 't2'), read('a', 't1'), read('d', 't2')],
      async (registry) => {
        const pull = (...names: readonly string[]) =>
          names.map((repository) => ({ repository, actions: ['pull'] }));
        await registry.authorize(pull('a', 'b', 'a'));
        await registry.authorize(pull('a', 'c', 'd'));
        await registry.authorize(pull('d', 'b'));
        await registry.authorize([]);
        await registry.resolveManifest('a', '1');
        await registry.resolveManifest('d', '1');
      },
    );
  });

  test('of a registry that asks nobody, take one question', async () => {
    await during([{ request: 'GET /v2/' }], (registry) =>
      registry.authorize([{ repository: 'a', actions: ['pull'] }]),
    );
  });

  test('of a registry that wants a password, take one question', async () => {
    const basic: Exchange = {
      request: 'GET /v2/',
      answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
    };
    for (const options of [{}, { credentials: alice }] satisfies ClientOptions[]) {
      await during(
        [basic],
        (registry) => registry.authorize([{ repository: 'a', actions: ['pull'] }]),
        options,
      );
    }
  });

  test('in the next process take none', async () => {
    const keptTokens = tokenFiles(home().at('tokens'));
    const [a, b] = [read('a', 't'), read('b', 't')];
    await during([ping, asked(['a', 'b'], 't'), a, b], readAll('a', 'b'), { keptTokens });
    await during([a, b], readAll('a', 'b'), { keptTokens });
    await during(
      [asked(['c', 'd'], 't2')],
      (registry) => registry.authorize(['c', 'd'].map((repository) => ({ repository, actions: ['pull'] }))),
      { keptTokens },
    );
  });
});

describe('where several are not taken', () => {
  test.each([400, 401, 403, 414])('by the token server (%d), each asks when it is needed', async (status) => {
    await during(
      [
        ping,
        refusedFor(['a', 'b'], status),
        asked(['a'], 'ta'),
        read('a', 'ta'),
        asked(['b'], 'tb'),
        read('b', 'tb'),
      ],
      async (registry) => {
        await readAll('a', 'b')(registry);
        // Remembered: nothing is asked for here.
        await registry.authorize(['c', 'd'].map((repository) => ({ repository, actions: ['pull'] })));
      },
    );
  });

  test('by the registry, which takes a token for the first of them alone, it costs a 401 for each of the others', async () => {
    await during(
      [
        ping,
        asked(['a', 'b', 'c'], 't'),
        read('a', 't'),
        readRefused('b', 't', 'insufficient_scope'),
        asked(['b'], 'tb'),
        read('b', 'tb'),
        readRefused('c', 't', 'insufficient_scope'),
        asked(['c'], 'tc'),
        read('c', 'tc'),
        read('a', 't'),
      ],
      async (registry) => {
        await readAll('a', 'b', 'c')(registry);
        await registry.authorize(['d', 'e'].map((repository) => ({ repository, actions: ['pull'] })));
        await registry.resolveManifest('a', '1');
      },
    );
  });

  test('[row 31] a token that is no longer valid is not tried for the others', async () => {
    await during(
      [
        ping,
        asked(['a', 'b'], 't'),
        readRefused('a', 't', 'invalid_token'),
        asked(['a'], 'ta'),
        read('a', 'ta'),
        asked(['b'], 'tb'),
        read('b', 'tb'),
      ],
      readAll('a', 'b'),
    );
  });

  test('one repository that may not be read does not matter before it is', async () => {
    const error = await failure(
      during(
        [
          ping,
          refusedFor(['a', 'secret']),
          asked(['a'], 'ta'),
          read('a', 'ta'),
          refusedFor(['secret']),
          { request: 'HEAD /v2/secret/manifests/1', answer: challenge(',scope="repository:secret:pull"') },
        ],
        readAll('a', 'secret'),
      ),
    );
    expect(error).toMatchObject({ code: 'DENIED' });
  });
});

test('what fails for another reason fails here', async () => {
  const busy = { ...asked(['a', 'b'], ''), answer: { status: 429, headers: { 'retry-after': '7' } } };
  expect(await failure(during([ping, busy], readAll('a', 'b')))).toMatchObject({ code: 'TOOMANYREQUESTS' });
});

test('who has gone wants no tokens', async () => {
  const { registry } = talk([]);
  const signal = AbortSignal.abort(new Error('gone'));
  await expect(registry.authorize([{ repository: 'a', actions: ['pull'] }], { signal })).rejects.toThrow(
    'gone',
  );
});

describe('authorization', () => {
  const pull = { repository: 'a', actions: ['pull'] };
  const ask = (exchanges: readonly Exchange[], options?: ClientOptions) =>
    during(exchanges, (registry) => registry.authorization(pull), options);

  test('is a token: asked for once, and the one that requests are sent with', async () => {
    await during([ping, asked(['a'], 't'), read('a', 't')], async (registry) => {
      expect(await registry.authorization(pull)).toBe('Bearer t');
      expect(await registry.authorization(pull)).toBe('Bearer t');
      await registry.resolveManifest('a', '1');
    });
  });

  test('is a password where the registry wants that', async () => {
    const basic = { ...ping, answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } };
    expect(await ask([basic], { credentials: alice })).toBe(
      `Basic ${Buffer.from('alice:hunter2').toString('base64')}`,
    );
    expect(await failure(ask([basic]))).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('[row 34] is found out at the repository where the registry greets everybody', async () => {
    const tags: Exchange = {
      request: 'GET /v2/a/tags/list',
      answer: challenge(',scope="repository:a:pull"'),
    };
    expect(await ask([{ request: 'GET /v2/' }, tags, asked(['a'], 't')])).toBe('Bearer t');
  });

  test('is nothing where nobody asks for it', async () => {
    expect(
      await ask([{ request: 'GET /v2/' }, { request: 'GET /v2/a/tags/list', answer: { status: 404 } }]),
    ).toBeUndefined();
  });

  test('says why there is none', async () => {
    expect(await failure(ask([ping, refusedFor(['a'])]))).toMatchObject({ code: 'DENIED', status: 403 });
  });
});
