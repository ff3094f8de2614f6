import { expect, test } from 'vitest';
import { scripted } from '../../src/testing/index.ts';

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
  expect(scripted([{ request: 'GET /a' }]).done).toThrow('expected, but never came: GET /a\nnothing came');
});

test('identical requests get the answers of their rows in turn', async () => {
  const { transport, done } = scripted([
    { request: 'GET /a', answer: { status: 503 } },
    { request: 'GET /a', answer: { status: 200 } },
  ]);
  const statuses: number[] = [];
  for (const path of ['/a', '/a']) {
    const answer = await transport(get(path));
    statuses.push(answer.status);
    await answer.discard();
  }
  expect(statuses).toEqual([503, 200]);
  done();
});

test.each([
  ['/t?a=1&b=2', true],
  ['/t?b=2&a=1', true],
  ['/t?a=1', false],
  ['/t?a=1&b=2&c=3', false],
  ['/t?a=2&b=1', false],
])('GET /t?a=1&b=2 is %s: %s', async (path, same) => {
  const asked = scripted([{ request: 'GET /t?a=1&b=2' }]).transport(get(path));
  expect(await asked.then(() => true).catch(() => false)).toBe(same);
});

test('parameters of one name are a list, and keep their order', async () => {
  const { transport } = scripted([{ request: 'GET /t?scope=a&scope=b' }]);
  await expect(transport(get('/t?scope=b&scope=a'))).rejects.toThrow('unexpected');
});

test('fields: a value, a pattern, or none', async () => {
  const row = { request: 'GET /a', headers: { Accept: /^x/g, range: undefined } };
  const fits = async (headers: Record<string, string>): Promise<boolean> =>
    scripted([row])
      .transport(get('/a', headers))
      .then(() => true)
      .catch(() => false);
  expect(await fits({ accept: 'x/y', other: '1' })).toBe(true);
  expect(await fits({ accept: 'x/y' })).toBe(true);
  expect(await fits({ accept: 'y/x' })).toBe(false);
  expect(await fits({ accept: 'x/y', range: 'bytes=0-' })).toBe(false);
});

test('cut: the body breaks, and holds no connection any more', async () => {
  const { transport, done } = scripted([{ request: 'GET /a?sig=secret', answer: { body: 'hello', cut: 2 } }]);
  let came = '';
  const reading = (async () => {
    for await (const piece of (await transport(get('/a?sig=secret'))).body)
      came += Buffer.from(piece).toString();
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'GET https://registry.test/a?sig=…: the connection broke after 2 bytes',
  });
  expect(came).toBe('he');
  done();
});

test('reset, or a failure of choice, instead of an answer', async () => {
  const own = new Error('cable cut');
  const { transport, done } = scripted([
    { request: 'GET /a', answer: { reset: true } },
    { request: 'GET /b', answer: { fail: own } },
  ]);
  await expect(transport(get('/a'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(transport(get('/b'))).rejects.toBe(own);
  done();
});

test('delays pass on the clock of the test', async () => {
  const slept: number[] = [];
  const clock = { sleep: async (milliseconds: number) => void slept.push(milliseconds) };
  const { transport, done } = scripted([{ request: 'GET /a', answer: { delay: 60_000 } }], { clock });
  await (await transport(get('/a'))).discard();
  expect(slept).toEqual([60_000]);
  done();
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
