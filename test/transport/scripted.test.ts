import { expect, test } from 'vitest';
import { scripted } from '../scripted.ts';

const get = (path: string, headers: Record<string, string> = {}) => ({
  method: 'GET',
  url: new URL(path, 'https://registry.test'),
  headers,
});

test('answers the rows in their order', async () => {
  const { transport, lines, done } = scripted([
    { request: 'GET /a?q=x:y', answer: { status: 404 } },
    { request: 'GET https://cdn.test/b' },
  ]);
  const first = await transport(get('/a?q=x%3Ay'));
  await first.discard();
  await (await transport(get('https://cdn.test/b'))).discard();
  expect(first.status).toBe(404);
  expect(lines).toEqual(['GET /a?q=x:y', 'GET https://cdn.test/b']);
  done();
});

test('in any order, where that is wanted', async () => {
  const { transport, done } = scripted([{ request: 'GET /a' }, { request: 'GET /b' }], { anyOrder: true });
  for (const path of ['/b', '/a']) await (await transport(get(path))).discard();
  done();
});

test('a request that is not expected fails, with what was wanted in its place', async () => {
  const { transport, done } = scripted([{ request: 'GET /a', headers: { accept: 'x/y' } }]);
  await expect(transport(get('/a', { accept: 'x/z' }))).rejects.toThrow(
    'unexpected: GET /a\n  wanted accept: x/y, not x/z',
  );
  // Also for a client that forgave it.
  expect(done).toThrow('unexpected: GET /a');
});

test('a request too many fails', async () => {
  await expect(scripted([]).transport(get('/a'))).rejects.toThrow('wanted no request at all');
});

test('a row that is left over fails', () => {
  expect(scripted([{ request: 'GET /a' }]).done).toThrow('expected, but never came: GET /a');
});

test('an answer that nobody reads or discards fails', async () => {
  const { transport, done } = scripted([{ request: 'GET /a', answer: { body: 'hello' } }]);
  const { body } = await transport(get('/a'));
  expect(done).toThrow('neither read nor discarded: the answer to 1. GET /a');
  for await (const _ of body);
  done();
});

test('a body is compared, and has to be as long as it was announced', async () => {
  const bytes = Buffer.from('hello');
  const put = { ...get('/a'), method: 'PUT' };
  const open = async function* () {
    yield bytes;
  };
  const row = { request: 'PUT /a', body: 'hallo' };
  await expect(
    scripted([row]).transport({ ...put, body: { replayable: true, bytes, open } }),
  ).rejects.toThrow('body: 5 bytes "hallo", not 5 bytes "hello"');
  await expect(
    scripted([row]).transport({ ...put, body: { replayable: true, size: 6, open } }),
  ).rejects.toThrow('6 bytes were announced, 5 came');
});
