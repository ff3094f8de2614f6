import { expect, onTestFinished, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { scriptedServer, type Exchange, type ScriptedServer } from '../../src/testing/index.ts';

async function serving(
  exchanges: readonly Exchange[] | ((url: string) => readonly Exchange[]),
  options = {},
): Promise<ScriptedServer> {
  const server = await scriptedServer(exchanges, options);
  onTestFinished(() => server.close());
  return server;
}

test('a table is played over HTTP', async () => {
  const { url, lines, requests, done } = await serving([
    { request: 'PUT /a?x=1', headers: { 'content-length': '5' }, body: 'hello', answer: { status: 201 } },
    { request: 'HEAD /a', answer: { body: 'hello' } },
    { request: 'GET /a', answer: { headers: { etag: '"e"' }, body: 'hello' } },
  ]);
  expect((await fetch(`${url}/a?x=1`, { method: 'PUT', body: 'hello' })).status).toBe(201);
  expect((await fetch(`${url}/a`, { method: 'HEAD' })).headers.get('content-length')).toBe('5');
  const got = await fetch(`${url}/a`);
  expect([got.headers.get('etag'), await got.text()]).toEqual(['"e"', 'hello']);
  expect(lines).toEqual(['PUT /a?x=1', 'HEAD /a', 'GET /a']);
  expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe('hello');
  done();
});

test('answers may name the server', async () => {
  const { url, done } = await serving((url) => [
    { request: 'GET /a', answer: { status: 307, headers: { location: `${url}/b` } } },
    { request: 'GET /b', answer: { body: 'there' } },
  ]);
  expect(await (await fetch(`${url}/a`)).text()).toBe('there');
  done();
});

test('what is not expected is answered with 501 and the reason, and fails at the end', async () => {
  const { url, done } = await serving([{ request: 'GET /a' }]);
  const answer = await fetch(`${url}/b`);
  expect([answer.status, await answer.text()]).toEqual([501, 'unexpected: GET /b\n  wanted request: GET /a']);
  expect(done).toThrow(
    'unexpected: GET /b\n  wanted request: GET /a\nexpected, but never came: GET /a\nwhat came:\n  1. GET /b',
  );
});

test('cut: so many bytes come, then the connection breaks', async () => {
  const { url } = await serving([{ request: 'GET /a', answer: { body: 'hello world', cut: 5 } }]);
  const { headers, body } = await fetch(`${url}/a`);
  let came = '';
  const reading = (async () => {
    for await (const piece of body ?? []) came += Buffer.from(piece).toString();
  })();
  await expect(reading).rejects.toThrow('terminated');
  expect([headers.get('content-length'), came]).toEqual(['11', 'hello']);
});

test('cut in the midst of a body of unknown length', async () => {
  const body = (async function* () {
    for (;;) yield Buffer.alloc(64 * 1024);
  })();
  const { url } = await serving([{ request: 'GET /a', answer: { body, cut: 1_000_000 } }]);
  await expect((await fetch(`${url}/a`)).arrayBuffer()).rejects.toThrow('terminated');
});

test('reset: nothing comes', async () => {
  const { url, done } = await serving([{ request: 'GET /a', answer: { reset: true } }]);
  await expect(fetch(`${url}/a`)).rejects.toThrow('fetch failed');
  done();
});

test('delay: it takes a while', async () => {
  const { url } = await serving([{ request: 'GET /a', answer: { delay: 30 } }]);
  const before = performance.now();
  await fetch(`${url}/a`);
  expect(performance.now() - before).toBeGreaterThan(25);
});

test('for a registry client too', async () => {
  const { url, done } = await serving([
    { request: 'GET /v2/app/tags/list?n=1000', answer: { body: '{"tags":["v1"]}' } },
  ]);
  const registry = registryClient(url);
  const tags: string[] = [];
  for await (const tag of registry.tags('app')) tags.push(tag);
  expect(tags).toEqual(['v1']);
  done();
});
