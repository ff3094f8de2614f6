import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { httpServer } from '../transport/server.ts';
import { stowage, type Ran } from './stowage.ts';

/** A registry on this machine, and what it was asked. */
async function registry(answer: (request: IncomingMessage, response: ServerResponse, url: URL) => void) {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    asked.push(`${request.method} ${decodeURIComponent(url.pathname + url.search)}`);
    answer(request, response, url);
  };
  const { url } = await httpServer(listener);
  return { host: url.host, asked };
}

/** One that wants tokens, which it gives itself. */
const withTokens = () =>
  registry((_, response, url) => {
    if (url.pathname === '/token') return void response.end('{"token":"t-1","expires_in":300}');
    const challenge = `Bearer realm="${url.origin}/token",service="s"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });

/** Runs the command with a home and a cache of its own. */
function runner(): (args: readonly string[], config?: object) => Promise<Ran> {
  const home = mkdtempSync(join(tmpdir(), 'stowage-token-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return (args, config = {}) => {
    writeFileSync(join(home, 'config.json'), JSON.stringify(config));
    const environment = { HOME: home, DOCKER_CONFIG: home, STOWAGE_CACHE: join(home, 'cache') };
    return stowage(['token', ...args], { environment });
  };
}

test('a token, for reading, as the value of Authorization', async () => {
  const { host, asked } = await withTokens();
  const run = runner();
  expect(await run([`${host}/x:1`])).toEqual({ stdout: 'Bearer t-1\n', stderr: '', code: 0 });
  expect(asked).toEqual(['GET /v2/', 'GET /token?service=s&scope=repository:x:pull']);
});

test('--push: for writing as well; --no-cache: not the one of the last time', async () => {
  const { host, asked } = await withTokens();
  const run = runner();
  await run(['--push', `${host}/x`]);
  expect(asked.splice(0)).toEqual(['GET /v2/', 'GET /token?service=s&scope=repository:x:pull,push']);
  await run(['--no-cache', `${host}/x`]);
  expect(asked).toEqual(['GET /v2/', 'GET /token?service=s&scope=repository:x:pull']);
});

test('a password, where that is what the registry wants; --trace does not tell it', async () => {
  const { host } = await registry((_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  );
  const auth = Buffer.from('alice:secret').toString('base64');
  const { stdout, stderr, code } = await runner()(['--trace', `${host}/x`], { auths: { [host]: { auth } } });
  expect({ stdout, code }).toEqual({ stdout: `Basic ${auth}\n`, code: 0 });
  expect(stderr).toContain('/v2/');
  expect(stderr).not.toMatch(new RegExp(`${auth}|secret`));
});

test('nothing, where nobody is asked who they are', async () => {
  const { host, asked } = await registry((_, response) => response.writeHead(200).end('{}'));
  expect(await runner()([`${host}/x`])).toEqual({
    stdout: '',
    stderr: `${host} does not ask who we are\n`,
    code: 0,
  });
  expect(asked, 'one that greets everybody may still ask for a repository').toEqual([
    'GET /v2/',
    'GET /v2/x/tags/list',
  ]);
});

test('4: not for us; 2: no reference, or that of a folder', async () => {
  const { host } = await registry((_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  );
  const run = runner();
  expect(await run([`${host}/x`])).toMatchObject({ stdout: '', code: 4 });
  expect(await run(['UPPER CASE'])).toMatchObject({ stdout: '', code: 2 });
  const folder = await run(['oci-layout:somewhere:1']);
  expect(folder).toMatchObject({ stdout: '', code: 2 });
  expect(folder.stderr).toContain('asks nobody who they are');
});
