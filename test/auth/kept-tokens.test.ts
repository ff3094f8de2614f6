/** Tokens from one process to the next: what is asked for, what is on the disk, and whose it is. */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  staticCredentials,
  tokenFiles,
  type CredentialSource,
  type TokenStore,
} from '../../src/auth/index.ts';
import type { ClientEvent } from '../../src/client/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { during, failure } from '../client/talk.ts';

const REALM = 'https://auth.registry.test/token';
const digest = digestOf(Buffer.from('{}'));
const alice = staticCredentials({ 'registry.test': { username: 'alice', password: 'hunter2' } });
const bob = staticCredentials({ 'registry.test': { username: 'bob', password: 'hunter3' } });

const found = {
  headers: { 'docker-content-digest': digest, 'content-length': '2', 'content-type': mediaTypes.ociManifest },
};
const refused = (repository: string, more = ''): Exchange => ({
  request: `HEAD /v2/${repository}/manifests/1`,
  headers: { authorization: undefined },
  answer: {
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="${REALM}",service="registry.test",scope="repository:${repository}:pull"${more}`,
    },
  },
});
const asked = (repository: string, token: string, account?: string): Exchange => ({
  request: `GET ${REALM}?service=registry.test&scope=repository:${repository}:pull${account === undefined ? '' : `&account=${account}`}`,
  answer: { body: JSON.stringify({ token, expires_in: 300 }) },
});
const read = (repository: string, token: string): Exchange => ({
  request: `HEAD /v2/${repository}/manifests/1`,
  headers: { authorization: `Bearer ${token}` },
  answer: found,
});
const refusedWith = (repository: string, token: string): Exchange => ({
  ...refused(repository, ',error="invalid_token"'),
  headers: { authorization: `Bearer ${token}` },
});

/** A folder that is gone after the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'stowage-tokens-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'tokens');
}

/** All files below a folder. */
const filesIn = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());

/** Reads the tag 1 of repositories, in turn, as a process of its own; and gives what it told of tokens. */
async function run(
  exchanges: readonly Exchange[],
  repositories: readonly string[],
  keptTokens: TokenStore,
  credentials?: CredentialSource,
): Promise<readonly string[]> {
  const events: ClientEvent[] = [];
  await during(
    exchanges,
    async (registry) => {
      for (const repository of repositories) await registry.resolveManifest(repository, '1');
    },
    { keptTokens, onEvent: (event) => events.push(event), ...(credentials && { credentials }) },
  );
  return events
    .filter((event) => event.type === 'token')
    .map(({ source, realm, scope }) => `${source} ${realm} ${scope}`);
}

describe('requests', () => {
  test('three for the first repository, two for the next; one in the next process, and two for another', async () => {
    const store = tokenFiles(folder());
    const first = [refused('x'), asked('x', 'tx'), read('x', 'tx'), asked('y', 'ty'), read('y', 'ty')];
    expect(await run(first, ['x', 'y'], store)).toEqual([
      `server ${REALM} repository:x:pull`,
      `server ${REALM} repository:y:pull`,
    ]);
    expect(await run([read('x', 'tx'), read('x', 'tx')], ['x', 'x'], store)).toEqual([
      `kept ${REALM} repository:x:pull`,
    ]);
    expect(await run([asked('z', 'tz'), read('z', 'tz')], ['z'], store)).toEqual([
      `server ${REALM} repository:z:pull`,
    ]);
  });

  test('the same with credentials', async () => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'tx', 'alice'), read('x', 'tx')], ['x'], store, alice);
    await run([read('x', 'tx')], ['x'], store, alice);
    await run([asked('z', 'tz', 'alice'), read('z', 'tz')], ['z'], store, alice);
  });

  test('a kept token that is refused is got anew, once, and is gone for later processes', async () => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'old'), read('x', 'old')], ['x'], store);
    await run([refusedWith('x', 'old'), asked('x', 'new'), read('x', 'new')], ['x'], store);
    await run([read('x', 'new')], ['x'], store);
  });

  test('[row 30] and if the new one is refused as well, that is the answer', async () => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'old'), read('x', 'old')], ['x'], store);
    const error = await failure(
      run([refusedWith('x', 'old'), asked('x', 'new'), refusedWith('x', 'new')], ['x'], store),
    );
    expect(error).toMatchObject({ code: 'DENIED', status: 403 });
  });

  test('[row 5] a token server that is gone does not keep us from a registry that is open by now', async () => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'tx'), read('x', 'tx')], ['x'], store);
    const gone: Exchange = { ...asked('y', ''), answer: { status: 404 } };
    const open: Exchange = {
      request: 'HEAD /v2/y/manifests/1',
      headers: { authorization: undefined },
      answer: found,
    };
    await run([gone, open], ['y'], store);
  });

  test('a registry that has another token server by now is met there', async () => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'tx'), read('x', 'tx')], ['x'], store);
    const [old, moved] = [asked('y', ''), 'https://registry.test/token'];
    const challenge = `Bearer realm="${moved}",service="s",scope="repository:y:pull"`;
    await run(
      [
        { ...old, answer: { status: 404 } },
        {
          request: 'HEAD /v2/y/manifests/1',
          answer: { status: 401, headers: { 'www-authenticate': challenge } },
        },
        { request: `GET /token?service=s&scope=repository:y:pull`, answer: { body: '{"token":"ty"}' } },
        read('y', 'ty'),
      ],
      ['y'],
      store,
    );
  });
});

describe('[A37] no account gets the tokens of another', () => {
  test.each([
    ['another user', alice, bob, 'alice', 'bob'],
    ['nobody, after a user', alice, undefined, 'alice', undefined],
    ['a user, after nobody', undefined, bob, undefined, 'bob'],
  ])('%s', async (_, one, other, first, second) => {
    const store = tokenFiles(folder());
    await run([refused('x'), asked('x', 'one', first), read('x', 'one')], ['x'], store, one);
    await run([refused('x'), asked('x', 'other', second), read('x', 'other')], ['x'], store, other);
    await run([read('x', 'one')], ['x'], store, one);
  });

  test('nor does one whose file got the name of another', async () => {
    const path = folder();
    const store = tokenFiles(path);
    await run([refused('x'), asked('x', 'one', 'alice'), read('x', 'one')], ['x'], store, alice);
    const [hers = ''] = filesIn(path);
    await run([refused('x'), asked('x', 'his', 'bob'), read('x', 'his')], ['x'], store, bob);
    const [his = ''] = filesIn(path).filter((file) => file !== hers);
    renameSync(hers, his);
    await run([refused('x'), asked('x', 'again', 'bob'), read('x', 'again')], ['x'], tokenFiles(path), bob);
  });

  test('where nobody can tell whose credentials they are, nothing is kept', async () => {
    const path = folder();
    const anybody: CredentialSource = async () => undefined;
    const cold = [refused('x'), asked('x', 'tx'), read('x', 'tx')];
    await run(cold, ['x'], tokenFiles(path), anybody);
    await run(cold, ['x'], tokenFiles(path), anybody);
    const nameless = staticCredentials({ 'registry.test': { identityToken: 'hunter4' } });
    const post: Exchange = { request: `POST ${REALM}`, answer: { body: '{"access_token":"ti"}' } };
    await run([refused('x'), post, read('x', 'ti')], ['x'], tokenFiles(path), nameless);
    expect(() => filesIn(path)).toThrow('ENOENT');
  });
});

describe('on the disk', () => {
  const kept = async (path: string): Promise<string> => {
    await run([refused('x'), asked('x', 'tx', 'alice'), read('x', 'tx')], ['x'], tokenFiles(path), alice);
    const [file = '', ...others] = filesIn(path);
    expect(others).toEqual([]);
    return file;
  };
  const cold = [refused('x'), asked('x', 'tx', 'alice'), read('x', 'tx')];
  const warm = [read('x', 'tx')];

  test('[A47] only the owner may look', async () => {
    const path = folder();
    const file = await kept(path);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  });

  test('[A45] there is no password, and no refresh token', async () => {
    const path = folder();
    const file = await kept(path);
    const identity = staticCredentials({ 'registry.test': { username: 'carol', identityToken: 'hunter4' } });
    const post: Exchange = {
      request: `POST ${REALM}`,
      answer: { body: JSON.stringify({ access_token: 'ti', refresh_token: 'hunter5', expires_in: 300 }) },
    };
    await run([refused('x'), post, read('x', 'ti')], ['x'], tokenFiles(path), identity);
    const all = filesIn(path);
    expect(all).toHaveLength(2);
    const text = [...all, ...all.map((each) => readFileSync(each, 'utf8'))].join('\n');
    expect(text).not.toMatch(/hunter/);
    expect(readFileSync(file, 'utf8')).toContain('tx');
  });

  test.each<[string, (file: string) => void]>([
    ['may be read by the group', (file) => chmodSync(file, 0o640)],
    ['may be read by all', (file) => chmodSync(file, 0o604)],
    [
      'is a link',
      (file) => {
        renameSync(file, `${file}.target`);
        symlinkSync(`${file}.target`, file);
      },
    ],
    ['is no JSON', (file) => writeFileSync(file, '{"realm":')],
    ['is empty', (file) => writeFileSync(file, '')],
    ['is a list', (file) => writeFileSync(file, '[]')],
    ['has other things in it', (file) => writeFileSync(file, '{"realm":5,"tokens":{}}')],
    [
      'has a token that would end a header',
      (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"tx"', String.raw`"tx\r\nx: y"`)),
    ],
    [
      'is longer than 1 MiB',
      (file) => writeFileSync(file, readFileSync(file, 'utf8') + ' '.repeat(1024 * 1024)),
    ],
  ])('[A47] a file that %s is as if there were none', async (_, spoil) => {
    const path = folder();
    spoil(await kept(path));
    await run(cold, ['x'], tokenFiles(path), alice);
    await run(warm, ['x'], tokenFiles(path), alice);
  });

  test('a folder that cannot be made costs tokens, and nothing else', async () => {
    const path = folder();
    writeFileSync(path, 'in the way');
    await run(cold, ['x'], tokenFiles(join(path, 'tokens')), alice);
    await run(cold, ['x'], tokenFiles(join(path, 'tokens')), alice);
  });

  test('a token whose life is over is neither used nor left behind', async () => {
    const path = folder();
    const file = await kept(path);
    const later = tokenFiles(path, { now: () => Date.now() + 300_000 });
    await run([asked('x', 'new', 'alice'), read('x', 'new')], ['x'], later, alice);
    expect(readFileSync(file, 'utf8')).not.toContain('"tx"');
  });

  test('what no account was given for a day is not left behind either, when there is something to keep', async () => {
    const path = folder();
    const [file, hour] = [await kept(path), 3_600_000];
    const later = (hours: number) => tokenFiles(path, { now: () => Date.now() + hours * hour });
    const token = { realm: 'https://tokens.test', scope: '', token: 't', goodUntil: Date.now() + 100 * hour };
    await later(23).keep({ origin: 'https://other.test', account: 'x' }, token);
    expect(existsSync(file)).toBe(true);
    await later(25).keep({ origin: 'https://other.test', account: 'x' }, token);
    expect(existsSync(file)).toBe(false);
  });

  test('two processes at once: what one loses it asks for again', async () => {
    const path = folder();
    const both = (['x', 'y'] as const).map((name) =>
      run(
        [refused(name), asked(name, `t${name}`, 'alice'), read(name, `t${name}`)],
        [name],
        tokenFiles(path),
        alice,
      ),
    );
    await Promise.all(both);
    const store = tokenFiles(path);
    const { tokens = [] } =
      (await store.find({
        origin: 'https://registry.test',
        account: (await alice.fingerprint?.('registry.test')) ?? '',
      })) ?? {};
    expect(tokens.length).toBeGreaterThan(0);
  });

  test('of one account, the newest 200', async () => {
    const path = folder();
    const store = tokenFiles(path);
    const key = { origin: 'https://registry.test', account: 'a' };
    const goodUntil = Date.now() + 60_000;
    for (let at = 0; at < 205; at++)
      await store.keep(key, { realm: REALM, scope: `repository:x${at}:pull`, token: `t${at}`, goodUntil });
    const { tokens = [] } = (await store.find(key)) ?? {};
    expect([tokens.length, tokens[0]?.token, tokens.at(-1)?.token]).toEqual([200, 't204', 't5']);
    const [file = ''] = filesIn(path);
    expect(readFileSync(file, 'utf8').match(/"token":/g)).toHaveLength(200);
  });

  test('of long ones, as many as go into 1 MiB', async () => {
    const path = folder();
    const store = tokenFiles(path);
    const key = { origin: 'https://registry.test', account: 'a' };
    const long = { realm: REALM, token: 't'.repeat(60_000), goodUntil: Date.now() + 60_000 };
    for (let at = 0; at < 40; at++) {
      await store.keep(key, { ...long, scope: `repository:x${at}:pull` });
      expect(statSync(filesIn(path)[0] ?? '').size).toBeLessThanOrEqual(1024 * 1024);
    }
    const { tokens = [] } = (await store.find(key)) ?? {};
    expect(tokens[0]?.scope).toBe('repository:x39:pull');
  });

  test('a login makes what was kept of that registry forgotten, by whatever name', async () => {
    const store = tokenFiles(folder());
    const token = { realm: REALM, scope: 'repository:x:pull', token: 't', goodUntil: Date.now() + 60_000 };
    const [hub, other] = ['https://registry-1.docker.io', 'https://registry.test'].map((origin) => ({
      origin,
      account: 'a',
    })) as [{ origin: string; account: string }, { origin: string; account: string }];
    await store.keep(hub, token);
    await store.keep(other, token);
    await store.forget('docker.io');
    expect(await store.find(hub)).toBeUndefined();
    expect((await store.find(other))?.tokens).toHaveLength(1);
  });
});
