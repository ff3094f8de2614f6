import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { defaultCredentials, noCredentials, staticCredentials } from '../../src/auth/credentials.ts';
import { repositoryScope } from '../../src/auth/scope.ts';
import { tokenFiles } from '../../src/auth/token-files.ts';
import { base64, home } from './folder.ts';
import { failure, script, token, unauthorized, type Exchange } from './script.ts';

const HOST = 'registry.example.com';
const URL_OF_X = `https://${HOST}/v2/x/tags/list`;
const CHALLENGE = `Bearer realm="https://${HOST}/token",service="s",scope="repository:x:pull"`;
const TOKEN = `GET https://${HOST}/token?service=s&scope=repository:x:pull`;
const get = { method: 'GET', url: new URL(URL_OF_X), headers: {} };
const x = repositoryScope('x', 'pull');

describe('whose credentials these would be', () => {
  const entry = (user: string, password: string) => ({
    auths: { [HOST]: { auth: base64(`${user}:${password}`) } },
  });

  test('is another text for another user, password, or nobody; and has none of them in it', async () => {
    const { environment, write } = home();
    const fingerprint = async (): Promise<string | undefined> =>
      defaultCredentials({ environment }).fingerprint?.(HOST, 'x');
    const seen = [await fingerprint()];
    expect(seen).toEqual([await noCredentials.fingerprint?.(HOST)]);
    for (const [user, password] of [
      ['alice', 'secret'],
      ['alice', 'other'],
      ['bob', 'secret'],
    ] as const) {
      write('.docker/config.json', entry(user, password));
      seen.push(await fingerprint());
    }
    expect(new Set(seen).size).toBe(4);
    expect(seen.join()).not.toMatch(/alice|secret/);
  });

  test('is found without running a helper; a login by one changes it', async () => {
    const { environment, write, helper, at } = home();
    helper('pass', `echo '{"Username":"u","Secret":"s"}'`);
    const source = defaultCredentials({ environment });
    write('.docker/config.json', { credsStore: 'pass', auths: { [HOST]: {} } });
    const before = await source.fingerprint?.(HOST, 'x');
    expect(before).toBeDefined();
    expect(spawnSync('touch', ['-d', '2001-01-01', at('.docker/config.json')]).status).toBe(0);
    expect(await source.fingerprint?.(HOST, 'x'), 'docker writes its file anew with each login').not.toBe(
      before,
    );
    expect(spawnSync('test', ['-e', at('asked')]).status, 'no helper was asked').toBe(1);
  });

  test('is not told where nothing on the disk says whose they are: a variable, a helper that asks a cloud', async () => {
    const { environment, write } = home();
    const of = async (more: Readonly<Record<string, string>> = {}): Promise<string | undefined> =>
      defaultCredentials({ environment: { ...environment, ...more } }).fingerprint?.(HOST, 'x');
    expect(await of({ DOCKER_AUTH_CONFIG: JSON.stringify(entry('alice', 'pw')) })).toBeUndefined();
    write('.docker/config.json', { credHelpers: { [HOST]: 'ecr-login' } });
    expect(await of()).toBeUndefined();
    write('.docker/config.json', { credsStore: 'gcloud' });
    expect(await of()).toBeUndefined();
    write('.docker/config.json', entry('alice', 'pw'));
    expect(await of()).toBeDefined();
  });

  test('of the options is another one for each user, and none for a token that names nobody', async () => {
    const of = async (username: string): Promise<string | undefined> =>
      staticCredentials({ [HOST]: { username, password: 'secret' } }).fingerprint?.(HOST);
    expect(await of('a')).toBe(await of('a'));
    expect(await of('a')).not.toBe(await of('b'));
    expect(
      await staticCredentials({ [HOST]: { identityToken: 'secret' } }).fingerprint?.(HOST),
    ).toBeUndefined();
  });

  test.each(['REGISTRY_AUTH_FILE', 'NETRC'])(
    'is not told where $%s is a pipe: it can be read only once',
    async (name) => {
      const { environment, at } = home();
      expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0);
      const source = defaultCredentials({ environment: { ...environment, [name]: at('pipe') } });
      expect(await source.fingerprint?.(HOST, 'x')).toBeUndefined();
      const text =
        name === 'NETRC' ? `machine ${HOST} login alice password pw` : JSON.stringify(entry('alice', 'pw'));
      const writing = writeFile(at('pipe'), text);
      expect((await source(HOST, 'x'))?.username).toBe('alice');
      await writing;
    },
  );
});

test('files that cannot be read do not keep anybody from an open registry', async () => {
  const { environment, write, at } = home();
  write('.docker/config.json', '{ broken');
  const server = script([`GET ${URL_OF_X}`, {}]);
  const authorizer = createAuthorizer(server.transport, {
    credentials: defaultCredentials({ environment }),
    keptTokens: tokenFiles(at('tokens')),
  });
  expect((await authorizer.send(get, x)).status).toBe(200);
  server.done();
});

test('[rows 30, 31] a token that was kept and is refused gives way to one new one, which is not kept if it is refused too', async () => {
  const { at } = home();
  const visit = (...exchanges: readonly Exchange[]) => {
    const server = script(...exchanges);
    const authorizer = createAuthorizer(server.transport, { keptTokens: tokenFiles(at('tokens')) });
    return { server, send: () => authorizer.send(get, x) };
  };
  const first = visit(
    [`GET ${URL_OF_X}`, unauthorized(CHALLENGE)],
    [TOKEN, token('t1')],
    [`GET ${URL_OF_X} | Bearer t1`, {}],
  );
  await first.send();
  first.server.done();

  const second = visit(
    [`GET ${URL_OF_X} | Bearer t1`, unauthorized(CHALLENGE)],
    [TOKEN, token('t2')],
    [`GET ${URL_OF_X} | Bearer t2`, unauthorized(CHALLENGE)],
  );
  expect(await failure(second.send())).toMatchObject({ code: 'DENIED' });
  second.server.done();

  // The next process knows where tokens are to be had, and has neither of the two.
  const third = visit([TOKEN, token('t3')], [`GET ${URL_OF_X} | Bearer t3`, {}]);
  expect((await third.send()).status).toBe(200);
  third.server.done();
});

test('[A37] a kept token that is not enough any more gives way to a new one: its account may have been allowed since', async () => {
  const { at } = home();
  const run = async (...exchanges: readonly Exchange[]): Promise<number> => {
    const server = script(...exchanges);
    const { send } = createAuthorizer(server.transport, { keptTokens: tokenFiles(at('tokens')) });
    const { status } = await send(get, x);
    server.done();
    return status;
  };
  expect(
    await run(
      [`GET ${URL_OF_X}`, unauthorized(CHALLENGE)],
      [TOKEN, token('t1')],
      [`GET ${URL_OF_X} | Bearer t1`, { status: 403 }],
    ),
  ).toBe(403);
  expect(
    await run(
      [`GET ${URL_OF_X} | Bearer t1`, { status: 403 }],
      [TOKEN, token('t2')],
      [`GET ${URL_OF_X} | Bearer t2`, {}],
    ),
  ).toBe(200);
});

test('what is read as nobody, because a helper fails, is not kept as ours', async () => {
  const { environment, write, helper, at } = home();
  write('.docker/config.json', { credsStore: 'keys' });
  const read = async (...exchanges: readonly Exchange[]): Promise<void> => {
    const server = script(...exchanges);
    const credentials = defaultCredentials({ environment: { ...environment } });
    const { send } = createAuthorizer(server.transport, {
      credentials,
      keptTokens: tokenFiles(at('tokens')),
    });
    expect((await send(get, x)).status).toBe(200);
    server.done();
  };
  helper('keys', 'exit 1');
  await read(
    [`GET ${URL_OF_X}`, unauthorized(CHALLENGE)],
    [TOKEN, token('nobodys')],
    [`GET ${URL_OF_X} | Bearer nobodys`, {}],
  );
  helper('keys', `echo '{"Username":"alice","Secret":"pw"}'`);
  await read(
    [`GET ${URL_OF_X}`, unauthorized(CHALLENGE)],
    [`${TOKEN}&account=alice | Basic ${base64('alice:pw')}`, token('ours')],
    [`GET ${URL_OF_X} | Bearer ours`, {}],
  );
});
