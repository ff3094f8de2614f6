import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  mkdirSync,
  statSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tokenFiles } from '../../src/auth/index.ts';
import { stowage, type Ran, type RunOptions } from './stowage.ts';

const CANARY = 'hunter2-canary';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const BASIC = `Basic ${base64(`alice:${CANARY}`)}`;

/** A home for one test, with a place for helpers that is on the PATH. */
interface Home {
  readonly path: string;
  readonly config: string;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** What all commands of all homes printed must not have the password. */
function home(): Home {
  const path = mkdtempSync(join(tmpdir(), 'stowage-login-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, '.docker'));
  const environment = {
    HOME: path,
    DOCKER_CONFIG: join(path, '.docker'),
    STOWAGE_CACHE: join(path, 'cache'),
    PATH: `${path}${delimiter}${process.env['PATH']}`,
  };
  return {
    path,
    config: join(path, '.docker/config.json'),
    async run(args, options) {
      const ran = await stowage(args, {
        ...options,
        environment: { ...environment, ...options?.environment },
      });
      for (const secret of [CANARY, base64(`alice:${CANARY}`)])
        expect(ran.stdout + ran.stderr).not.toContain(secret);
      return ran;
    },
  };
}

type Handle = (request: IncomingMessage, response: ServerResponse, origin: string) => void;

/** A registry of this machine. */
async function serve(handle: Handle): Promise<{ readonly host: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization?.split(' ')[0] ?? '-'}`);
    handle(request, response, `http://${request.headers.host}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const refuse = (response: ServerResponse, challenge: string): void =>
  void response
    .writeHead(401, { 'www-authenticate': challenge })
    .end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}');

const wantsBasic: Handle = ({ headers }, response) =>
  headers.authorization === BASIC ? void response.end('{}') : refuse(response, 'Basic realm="r"');

const wantsBearer: Handle = ({ url, headers }, response, origin) => {
  if (url?.startsWith('/token')) {
    if (headers.authorization === BASIC) response.end('{"token":"good"}');
    else refuse(response, 'Basic realm="r"');
  } else if (headers.authorization === 'Bearer good') response.end('{}');
  else refuse(response, `Bearer realm="${origin}/token",service="s"`);
};

const LOGIN = ['--username', 'alice', '--password-stdin'];

describe('a good password', () => {
  test.each([
    ['Basic', wantsBasic, ['GET /v2/ -', 'GET /v2/ Basic']],
    ['Bearer', wantsBearer, ['GET /v2/ -', 'GET /token?service=s&account=alice Basic', 'GET /v2/ Bearer']],
  ])('is tried, and kept: %s', async (_name, handle, requests) => {
    const { host, asked } = await serve(handle);
    const { run, config } = home();
    const ran = await run(['login', host, ...LOGIN], { input: `${CANARY}\n` });
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain(
      `Logged in to ${host}; the password is in ${config}\nIt is not encrypted there`,
    );
    expect(asked).toEqual(requests);
    expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({
      auths: { [host]: { auth: base64(`alice:${CANARY}`) } },
    });
    expect(statSync(config).mode & 0o777).toBe(0o600);
  });

  test('is used from then on, until the logout', async () => {
    const { host, asked } = await serve(wantsBasic);
    const { run, config } = home();
    const lookup = async (): Promise<string | undefined> => {
      await run(['lookup', '--no-cache', `${host}/r:1`]);
      return asked.at(-1)?.split(' ').at(-1);
    };
    await run(['login', host, '-u', 'alice', '--password-stdin'], { input: CANARY });
    expect(await lookup()).toBe('Basic');
    expect(await run(['logout', host])).toEqual({ stdout: '', stderr: `Logged out of ${host}\n`, code: 0 });
    expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({ auths: {} });
    expect(await lookup()).toBe('-');
    expect(await run(['logout', host])).toMatchObject({
      stderr: `Nobody was logged in to ${host}\n`,
      code: 0,
    });
  });

  test('is not used as long as $DOCKER_AUTH_CONFIG knows the registry, and that is told', async () => {
    const { host } = await serve(wantsBasic);
    const { run, path } = home();
    const inline = (at: string): string => JSON.stringify({ auths: { [at]: { auth: base64('bob:x') } } });
    const login = (at: string): Promise<Ran> =>
      run(['login', host, ...LOGIN], { input: CANARY, environment: { DOCKER_AUTH_CONFIG: inline(at) } });
    expect((await login(host)).stderr).toContain(`But $DOCKER_AUTH_CONFIG has a login for ${host} too`);
    // Podman's files come later, and so do not matter.
    mkdirSync(join(path, '.config/containers'), { recursive: true });
    writeFileSync(join(path, '.config/containers/auth.json'), inline(host));
    expect((await login('other.test')).stderr).not.toContain('But');
  });

  test("a logout takes back docker's login alone, and tells where there are others", async () => {
    const { host } = await serve(wantsBasic);
    const { run, path } = home();
    const podman = join(path, '.config/containers/auth.json');
    mkdirSync(join(path, '.config/containers'), { recursive: true });
    writeFileSync(podman, JSON.stringify({ auths: { [host]: { auth: base64('bob:x') }, 'a.test': {} } }));
    const stays = `has a login for ${host}, which stays there and is used: it is another program's\n`;
    expect((await run(['logout', host])).stderr).toBe(`${podman} ${stays}`);
    await run(['login', host, ...LOGIN], { input: CANARY });
    const netrc = join(path, '.netrc');
    writeFileSync(netrc, `machine ${host} login bob password x`);
    const { stderr } = await run(['logout', host]);
    expect(stderr).toBe(`Logged out of ${host}\n${podman} ${stays}${netrc} ${stays}`);
    expect(await run(['logout', 'a.test'])).toMatchObject({ stderr: 'Nobody was logged in to a.test\n' });
    writeFileSync(podman, '{');
    expect(await run(['logout', 'a.test'])).toMatchObject({ stderr: 'Nobody was logged in to a.test\n' });
  });

  test('takes the place of tokens that were got before, as a logout does', async () => {
    const { host } = await serve(wantsBasic);
    const { run, path } = home();
    const tokens = tokenFiles(join(path, 'cache/tokens'));
    const key = { origin: `http://${host}`, account: 'x' };
    const token = { realm: `http://${host}/token`, scope: '', token: 'old', goodUntil: Date.now() + 60_000 };
    for (const args of [
      ['login', host, ...LOGIN],
      ['logout', host],
    ]) {
      await tokens.keep(key, token);
      expect(await tokens.find(key)).toMatchObject({ tokens: [{ token: 'old' }] });
      await run(args, { input: CANARY });
      expect(await tokens.find(key)).toBeUndefined();
    }
  });

  test('goes to the helper that is set', async () => {
    const { host } = await serve(wantsBasic);
    const { run, config, path } = home();
    writeFileSync(config, '{"credsStore":"test"}');
    const helper = join(path, 'docker-credential-test');
    writeFileSync(helper, `#!/bin/sh\necho "$1 $(cat)" >>'${path}/asked'\n`);
    chmodSync(helper, 0o755);
    const ran = await run(['login', host, ...LOGIN], { input: CANARY });
    expect(ran).toEqual({
      stdout: '',
      stderr: `Logged in to ${host}; the password was given to docker-credential-test\n`,
      code: 0,
    });
    expect(readFileSync(join(path, 'asked'), 'utf8')).toBe(
      `store {"ServerURL":"${host}","Username":"alice","Secret":"${CANARY}"}\n`,
    );
    expect(readFileSync(config, 'utf8')).not.toContain(base64(`alice:${CANARY}`));
  });

  test('and out of it again: a helper of its own is no other login', async () => {
    const { run, config, path } = home();
    writeFileSync(config, '{"credHelpers":{"r.test":"test"}}');
    const helper = join(path, 'docker-credential-test');
    writeFileSync(helper, '#!/bin/sh\ncat >/dev/null\necho \'{"Username":"bob","Secret":"x"}\'\n');
    chmodSync(helper, 0o755);
    expect(await run(['logout', 'r.test'])).toMatchObject({ stderr: 'Logged out of r.test\n', code: 0 });
  });

  test('that nobody asked for is kept, and that is told', async () => {
    const { host } = await serve((_, response) => void response.end('{}'));
    const { stderr, code } = await home().run(['login', host, ...LOGIN], { input: CANARY });
    expect(code).toBe(0);
    expect(stderr).toContain(`${host} did not ask for a password`);
  });

  test('belongs to where the settings say that the registry is', async () => {
    const { host } = await serve(wantsBasic);
    const { run, config, path } = home();
    const settings = join(path, 'registries.json');
    writeFileSync(settings, JSON.stringify({ registries: { 'r.test': { url: `http://${host}` } } }));
    const ran = await run(['login', 'r.test', '--registry-config', settings, ...LOGIN], { input: CANARY });
    expect(ran.stderr).toContain('Logged in to r.test');
    expect(JSON.parse(readFileSync(config, 'utf8'))).toHaveProperty(['auths', host]);
    expect(await run(['logout', 'r.test', '--registry-config', settings])).toMatchObject({
      stderr: 'Logged out of r.test\n',
    });
  });
});

describe('nothing is kept', () => {
  test.each([
    ['Basic', wantsBasic],
    ['Bearer', wantsBearer],
  ])('4: of a wrong password, %s', async (_name, handle) => {
    const { host } = await serve(handle);
    const { run, config } = home();
    const ran = await run(['login', '--trace', host, ...LOGIN], { input: `${CANARY}-wrong` });
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain(host);
    expect(existsSync(config)).toBe(false);
  });

  test('1: where there is no registry', async () => {
    const { host } = await serve((_, response) => void response.writeHead(500).end());
    const { run, config } = home();
    // With nothing to wait for: the first pause is longer than that.
    const ran = await run(['login', '--max-wait', '1ms', host, ...LOGIN], { input: CANARY });
    expect(ran.code).toBe(1);
    expect(existsSync(config)).toBe(false);
  });

  test('[A47] 1: in a file that is not understood, which stays as it is', async () => {
    const { host } = await serve(wantsBasic);
    const { run, config } = home();
    writeFileSync(config, `{"auths":{"x":{"auth":"${CANARY}`);
    for (const args of [
      ['login', host, ...LOGIN],
      ['logout', host],
    ]) {
      const ran = await run(args, { input: CANARY });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`${config}: not valid JSON`) });
    }
    expect(readFileSync(config, 'utf8')).toBe(`{"auths":{"x":{"auth":"${CANARY}`);
  });

  test('[A46] 1: by a helper that cannot be one', async () => {
    const { host } = await serve(wantsBasic);
    const { run, config } = home();
    writeFileSync(config, '{"credsStore":"../x"}');
    const ran = await run(['login', host, ...LOGIN], { input: CANARY });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be the name of a helper') });
    expect(readFileSync(config, 'utf8')).toBe('{"credsStore":"../x"}');
  });

  test.each([
    ['without a user name', ['--password-stdin'], '--password-stdin needs --username'],
    ['without a password', LOGIN, 'there is no password on standard input'],
    ['not on a terminal', ['--username', 'alice'], 'give the password on standard input'],
    ['with what is no host', [...LOGIN, 'a/b'], 'not the host of a registry'],
    ['with a password among the flags', ['--username', 'alice', `--password=${CANARY}`], 'password'],
    ['with two hosts', [...LOGIN, 'a.test', 'b.test'], 'Too many arguments'],
  ])('2: %s', async (_name, args, why) => {
    const { run, config } = home();
    const ran = await run(['login', ...args], { input: '\n' });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    expect(existsSync(config)).toBe(false);
  });

  test('2: with more than a password', async () => {
    const ran = await home().run(['login', ...LOGIN], { input: CANARY.repeat(10_000) });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 65536 bytes') });
  });
});

describe('on a terminal', () => {
  /** What somebody types, piece by piece. */
  function terminal(...typed: readonly string[]): PassThrough & { isTTY: boolean } {
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    void (async () => {
      for (const piece of typed) {
        stream.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    return stream;
  }

  test.each([
    ['typed', ['alx\u007fi', 'ce\r', CANARY, '\r']],
    ['pasted at once', [`alice\n${CANARY}\n`]],
  ])('user name and password are asked for, and the password is not shown: %s', async (_name, typed) => {
    const { host } = await serve(wantsBasic);
    const { run, config } = home();
    const { stderr, code } = await run(['login', host], { input: terminal(...typed) });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^[^]*User name: [^]*al[^]*ice[^]*Password: \nLogged in to /);
    expect(readFileSync(config, 'utf8')).toContain(base64(`alice:${CANARY}`));
  });

  test('only the password, where the user is told', async () => {
    const { host } = await serve(wantsBasic);
    const { run } = home();
    const { stderr } = await run(['login', host, '-u', 'alice'], { input: terminal(`${CANARY}\r`) });
    expect(stderr).toMatch(/^Password: \nLogged in to /);
  });

  test.each([
    ['Control-C', '\u0003', { code: 130, stderr: 'Password: \n' }],
    ['Control-D', '\u0004', { code: 2, stderr: expect.stringContaining('no password was entered') }],
  ])('%s ends it', async (_name, key, end) => {
    const { run, config } = home();
    expect(await run(['login', '-u', 'alice'], { input: terminal(key) })).toMatchObject(end);
    expect(existsSync(config)).toBe(false);
  });

  test('so does a signal from elsewhere, with its reason', async () => {
    const ending = new AbortController();
    const running = home().run(['login', '-u', 'alice'], { input: terminal('hunt'), signal: ending.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    ending.abort(new Error('ended by SIGINT'));
    expect(await running).toMatchObject({ code: 1, stderr: 'Password: \nstowage: ended by SIGINT\n' });
  });
});
