import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultCredentials, eraseCredentials, storeCredentials } from '../../src/auth/index.ts';
import type { RegistryError } from '../../src/registry/index.ts';
import { base64, home, type Home } from './folder.ts';
import { failure } from './script.ts';

const HOST = 'registry.example.com';
const HUB = 'https://index.docker.io/v1/';
const CANARY = 'hunter2';
const alice = { username: 'alice', password: CANARY };
const AUTH = base64(`alice:${CANARY}`);

/** A helper that keeps what it is given in a file of its own for each server, and writes down how it is called. */
function keeper(place: Home, name = 'test'): void {
  const file = place.write(
    `bin/docker-credential-${name}`,
    `#!${process.execPath}
const fs = require('node:fs');
const [action] = process.argv.slice(2);
const input = fs.readFileSync(0, 'utf8');
fs.appendFileSync(${JSON.stringify(place.at('asked'))}, action + ' ' + input + '\\n');
const server = action === 'store' ? JSON.parse(input).ServerURL : input;
const kept = ${JSON.stringify(place.at('kept-'))} + encodeURIComponent(server);
if (action === 'store') fs.writeFileSync(kept, input);
else if (!fs.existsSync(kept)) { console.log('credentials not found in native keychain'); process.exit(1); }
else if (action === 'get') console.log(fs.readFileSync(kept, 'utf8'));
else fs.rmSync(kept);
`,
  );
  chmodSync(file, 0o755);
}

const asked = ({ at }: Home): readonly string[] => readFileSync(at('asked'), 'utf8').trim().split('\n');
const config = ({ at }: Home): string => readFileSync(at('.docker/config.json'), 'utf8');
const found = (place: Home, host = HOST) => defaultCredentials({ environment: place.environment })(host);

describe('into the file', () => {
  test('[A47] a new one is for its owner alone, as docker writes it', async () => {
    const place = home();
    const file = place.at('.docker/config.json');
    expect(await storeCredentials(HOST, alice, place)).toEqual({ kind: 'file', file });
    expect(config(place)).toBe(`{\n\t"auths": {\n\t\t"${HOST}": {\n\t\t\t"auth": "${AUTH}"\n\t\t}\n\t}\n}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(place.at('.docker')).mode & 0o777).toBe(0o700);
    expect(readdirSync(place.at('.docker'))).toEqual(['config.json']);
    expect(await found(place)).toMatchObject(alice);
  });

  test('[A47] one that others could read, they can read no more', async () => {
    const place = home();
    const file = place.write('.docker/config.json', {});
    chmodSync(file, 0o644);
    await storeCredentials(HOST, alice, place);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('at $DOCKER_CONFIG', async () => {
    const place = home();
    const environment = { ...place.environment, DOCKER_CONFIG: place.at('elsewhere') };
    expect(await storeCredentials(HOST, alice, { environment })).toMatchObject({
      file: place.at('elsewhere/config.json'),
    });
    expect(await defaultCredentials({ environment })(HOST)).toMatchObject(alice);
  });

  test('all else that is in it stays, in its order', async () => {
    const place = home();
    const before = {
      zeta: { deep: [1, { b: null, a: 'ü' }] },
      auths: { 'z.test': { auth: base64('z:z') }, [HOST]: { auth: base64('old:old') }, 'a.test': {} },
      HttpHeaders: { 'User-Agent': 'x' },
      credHelpers: { 'other.test': 'other' },
      alpha: false,
    };
    place.write('.docker/config.json', before);
    await storeCredentials(HOST, alice, place);
    const after = { ...before, auths: { ...before.auths, [HOST]: { auth: AUTH } } };
    expect(config(place)).toBe(JSON.stringify(after, null, '\t'));
    await eraseCredentials(HOST, place);
    const { [HOST]: _, ...others } = before.auths;
    expect(config(place)).toBe(JSON.stringify({ ...before, auths: others }, null, '\t'));
  });

  test('[A47] a link is followed, and stays a link', async () => {
    const place = home();
    const target = place.write('dotfiles/docker.json', { alpha: 1 });
    mkdirSync(place.at('.docker'));
    symlinkSync(target, place.at('.docker/config.json'));
    await storeCredentials(HOST, alice, place);
    expect(lstatSync(place.at('.docker/config.json')).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toEqual({ alpha: 1, auths: { [HOST]: { auth: AUTH } } });
    expect(statSync(target).mode & 0o777).toBe(0o600);
  });

  test('an identity token has a place of its own', async () => {
    const place = home();
    await storeCredentials(HOST, { identityToken: 'id' }, place);
    expect(JSON.parse(config(place))).toEqual({ auths: { [HOST]: { identitytoken: 'id' } } });
    expect(await found(place)).toMatchObject({ identityToken: 'id' });
  });

  test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('Docker Hub, as %s', async (name) => {
    const place = home();
    await storeCredentials(name, alice, place);
    expect(JSON.parse(config(place))).toEqual({ auths: { [HUB]: { auth: AUTH } } });
    expect(await found(place, 'registry-1.docker.io')).toMatchObject(alice);
    expect(await eraseCredentials(name, place)).toBe(true);
    expect(JSON.parse(config(place))).toEqual({ auths: {} });
  });

  test('the new login is found before old ones under other names', async () => {
    const place = home();
    const old = { auth: base64('old:old') };
    place.write('.docker/config.json', {
      auths: { [HOST.toUpperCase()]: old, [`https://${HOST}/v1/`]: old },
    });
    await storeCredentials(HOST, alice, place);
    expect(await found(place)).toMatchObject(alice);
  });

  test.each([
    ['a user with a colon', { username: 'a:b', password: CANARY }, 'this user name cannot be stored'],
    ['no user', { username: '', password: CANARY }, 'this user name cannot be stored'],
    ['no password', { username: 'a', password: '' }, 'this password cannot be stored'],
    [
      'a password of two lines',
      { username: 'a', password: `${CANARY}\nx` },
      'this password cannot be stored',
    ],
    ['no token', { identityToken: '' }, 'this token cannot be stored'],
  ])('not %s', async (_name, login, why) => {
    const place = home();
    const error = await failure(storeCredentials(HOST, login, place));
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID', message: expect.stringContaining(why) });
    expect(String(error)).not.toContain(CANARY);
    expect(readdirSync(place.path)).toEqual([]);
  });

  test.each(['', 'a/b', `${HOST}\n`, '__proto__', 'x y'])('not for %j, which is no host', async (host) => {
    const place = home();
    for (const act of [() => storeCredentials(host, alice, place), () => eraseCredentials(host, place)])
      expect(await failure(act())).toMatchObject({ code: 'REFERENCE_INVALID' });
    expect(readdirSync(place.path)).toEqual([]);
  });
});

describe('a file that is not understood is never written', () => {
  test.each([
    ['empty', '', 'the file is empty'],
    ['no JSON', `{"auths":{"x":{"auth":"${CANARY}"`, 'not valid JSON'],
    ['no object', '[]', 'not a JSON object'],
    ['with a key twice', '{"auths":{},"auths":{}}', 'the same key twice'],
    ['with auths that are none', `{"auths":"${CANARY}"}`, '"auths" is not an object'],
    ['with a helper that is no text', `{"credHelpers":{"${HOST}":5}}`, 'is not a text'],
  ])('%s', async (_name, content, why) => {
    const place = home();
    const file = place.write('.docker/config.json', content);
    for (const act of [() => storeCredentials(HOST, alice, place), () => eraseCredentials(HOST, place)]) {
      const { code, message } = (await failure(act())) as RegistryError;
      expect(code).toBe('CREDENTIALS_INVALID');
      expect(message).toContain(file);
      expect(message).toContain(why);
      expect(message).not.toContain(CANARY);
    }
    expect(config(place)).toBe(content);
  });

  test('nor one that cannot be read', async () => {
    const place = home();
    mkdirSync(place.at('.docker/config.json'), { recursive: true });
    expect(await failure(storeCredentials(HOST, alice, place))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: `${place.at('.docker/config.json')}: cannot be read (EISDIR)`,
    });
  });

  test('a folder that cannot be made is told', async () => {
    const place = home();
    place.write('file', '');
    const environment = { ...place.environment, DOCKER_CONFIG: place.at('file') };
    expect(await failure(storeCredentials(HOST, alice, { environment }))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: expect.stringMatching(/file\/config\.json: cannot be written \((EEXIST|ENOTDIR)\)$/),
    });
  });
});

describe('out of the file', () => {
  test('under every name of the registry, and not for parts of it or for others', async () => {
    const place = home();
    const entry = { auth: AUTH };
    const others = { [`${HOST}/team`]: entry, [`${HOST}:5000`]: entry, 'example.com': entry };
    const auths = { [HOST]: entry, [`https://${HOST}/v1/`]: entry, [`${HOST}:443`]: entry, ...others };
    place.write('.docker/config.json', { auths });
    expect(await eraseCredentials(HOST, place)).toBe(true);
    expect(JSON.parse(config(place))).toEqual({ auths: others });
  });

  test('nothing is written where nothing is known', async () => {
    const place = home();
    expect(await eraseCredentials(HOST, place)).toBe(false);
    expect(readdirSync(place.path)).toEqual([]);
    const content = '{"auths":{"other.test":{}}}';
    place.write('.docker/config.json', content);
    expect(await eraseCredentials(HOST, place)).toBe(false);
    expect(config(place)).toBe(content);
  });
});

describe('by a helper', () => {
  test('for the registry, or else for all', async () => {
    const place = home();
    keeper(place, 'own');
    keeper(place, 'all');
    place.write('.docker/config.json', { credsStore: 'all', credHelpers: { [HOST]: 'own' } });
    expect(await storeCredentials(HOST, alice, place)).toEqual({
      kind: 'helper',
      program: 'docker-credential-own',
    });
    expect(await storeCredentials('other.test', alice, place)).toEqual({
      kind: 'helper',
      program: 'docker-credential-all',
    });
  });

  test('has the password, and the file a mark', async () => {
    const place = home();
    keeper(place);
    const auths = { [HOST]: { auth: base64('old:old') } };
    place.write('.docker/config.json', { credsStore: 'test', auths });
    // Asked before, whose answer must not be used after.
    await found(place);
    await storeCredentials(HOST, alice, place);
    expect(JSON.parse(config(place))).toEqual({ credsStore: 'test', auths: { [HOST]: {} } });
    expect(asked(place)).toEqual([
      `get ${HOST}`,
      `store {"ServerURL":"${HOST}","Username":"alice","Secret":"${CANARY}"}`,
    ]);
    expect(await found(place)).toMatchObject(alice);

    expect(await eraseCredentials(HOST, place)).toBe(true);
    expect(asked(place).slice(-2)).toEqual([`get ${HOST}`, `erase ${HOST}`]);
    expect(JSON.parse(config(place))).toEqual({ credsStore: 'test', auths: {} });
    expect(await found(place)).toBeUndefined();
    expect(await eraseCredentials(HOST, place)).toBe(false);
    expect(asked(place).at(-1)).toBe(`get ${HOST}`);
  });

  test('knows Docker Hub by its old address, and an identity token as a password', async () => {
    const place = home();
    keeper(place);
    place.write('.docker/config.json', { credHelpers: { 'docker.io': 'test' } });
    await storeCredentials('docker.io', { identityToken: CANARY }, place);
    expect(asked(place)).toEqual([`store {"ServerURL":"${HUB}","Username":"<token>","Secret":"${CANARY}"}`]);
    expect(JSON.parse(config(place))).toMatchObject({ auths: { [HUB]: {} } });
    expect(await found(place, 'registry-1.docker.io')).toMatchObject({ identityToken: CANARY });
    expect(await eraseCredentials('docker.io', place)).toBe(true);
  });

  test.each([
    ['fails', `cat; echo ${CANARY} >&2; exit 1`, 'failed with exit status 1'],
    ['prints without end', `exec yes ${CANARY}`, 'printed more than 65536 bytes'],
  ])(
    '[A46] that %s: nothing goes into the file instead, and nothing that it said is told',
    async (_name, script, why) => {
      const place = home();
      place.helper('test', script);
      const content = JSON.stringify({ credsStore: 'test' });
      const file = place.write('.docker/config.json', content);
      const error = await failure(storeCredentials(HOST, alice, place));
      expect(error).toMatchObject({
        code: 'CREDENTIALS_INVALID',
        message: `${file}, credsStore: docker-credential-test ${why}, when given the login for ${HOST}`,
      });
      expect(JSON.stringify(error)).not.toContain(CANARY);
      expect(config(place)).toBe(content);
    },
  );

  test('[A46] that is not there: nothing goes into the file instead', async () => {
    const place = home();
    const content = JSON.stringify({ credsStore: 'missing' });
    place.write('.docker/config.json', content);
    expect(await failure(storeCredentials(HOST, alice, place))).toMatchObject({
      message: expect.stringContaining('docker-credential-missing is not on the PATH'),
    });
    expect(config(place)).toBe(content);
  });

  test.each(['../x', 'x;touch y', '$(touch y)', 'x y'])('[A46] named %j is not run', async (name) => {
    const place = home();
    place.write('.docker/config.json', { credsStore: name });
    for (const act of [() => storeCredentials(HOST, alice, place), () => eraseCredentials(HOST, place)])
      expect(await failure(act())).toMatchObject({
        code: 'CREDENTIALS_INVALID',
        message: expect.stringContaining('cannot be the name of a helper'),
      });
    expect(readdirSync(place.path)).toEqual(['.docker']);
  });

  test('that cannot erase leaves no password in the file', async () => {
    const place = home();
    place.helper('test', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'test', auths: { [HOST]: { auth: AUTH } } });
    await failure(eraseCredentials(HOST, place));
    expect(JSON.parse(config(place))).toEqual({ credsStore: 'test', auths: {} });
  });

  test('for all that is not there does not keep a login in the file', async () => {
    const place = home();
    place.write('.docker/config.json', { credsStore: 'missing', auths: { [HOST]: { auth: AUTH } } });
    expect(await eraseCredentials(HOST, place)).toBe(true);
  });

  test('for the registry that is not there is told: it may know the login', async () => {
    const place = home();
    place.write('.docker/config.json', { credHelpers: { [HOST]: 'missing' } });
    expect(await failure(eraseCredentials(HOST, place))).toMatchObject({
      message: expect.stringContaining('there is no docker-credential-missing on the PATH'),
    });
  });
});
