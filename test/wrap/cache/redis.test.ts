/** The store in Redis as far as it can be seen without one. What it keeps there is shown in test/interop/redis.test.ts. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { cached, redisCache, type CacheEvent } from '../../../src/wrap/cache/index.ts';
import { failure, hello } from '../../client/talk.ts';

/** Something that takes connections, and has its own idea of what to answer. */
async function listening(onData: (text: string) => string | undefined): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const answer = onData(chunk.toString());
      if (answer !== undefined) socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A registry with a blob, behind a cache in that Redis, and how long a read takes, in milliseconds. */
async function reading(url: string): Promise<{ readonly told: CacheEvent[]; read(): Promise<number> }> {
  const store = redisCache({ url, timeout: 200 });
  onTestFinished(() => store.close());
  const origin = memoryRegistry();
  await origin.pushBlob('r', hello.descriptor, hello.bytes);
  const told: CacheEvent[] = [];
  const registry = cached(origin, store, { onEvent: (event) => told.push(event) });
  return {
    told,
    async read() {
      const started = performance.now();
      expect(await (await registry.getBlob('r', hello.digest)).text()).toBe('hello');
      return performance.now() - started;
    },
  };
}

test('nobody there: reads go on, say so, and do not wait', async () => {
  const { told, read } = await reading('redis://127.0.0.1:1');
  expect(await read()).toBeLessThan(1000);
  for (let time = 0; time < 20; time++) expect(await read()).toBeLessThan(100);
  const errors = told.filter(({ outcome }) => outcome === 'error');
  expect(errors).toHaveLength(21);
  expect(errors[0]).toMatchObject({
    operation: 'getBlob',
    repository: 'r',
    reason: 'Redis: there is no connection',
  });
});

test('somebody who never answers: the first read waits for the timeout, the others do not', async () => {
  const { read } = await reading(`redis://${await listening(() => undefined)}`);
  expect(await read()).toBeLessThan(1000);
  for (let time = 0; time < 20; time++) expect(await read()).toBeLessThan(100);
});

test.each(['as soon as it is greeted', 'when it is asked for something'])(
  'the password is in no event, though Redis repeats it %s',
  async (moment) => {
    const refusal = '-ERR unknown command, with args beginning with: `someone` `hunter2` \r\n';
    const greetings: Readonly<Record<string, string>> =
      moment === 'as soon as it is greeted'
        ? {}
        : { hello: '*0\r\n', auth: '+OK\r\n', client: '+OK\r\n', info: '$9\r\nloading:0\r\n' };
    const host = await listening((sent) =>
      [...sent.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)]
        .map(([, name = '']) => greetings[name.toLowerCase()] ?? refusal)
        .join(''),
    );
    const { told, read } = await reading(`redis://someone:hunter2@${host}`);
    for (let time = 0; time < 3; time++) await read();
    const errors = told.filter(({ outcome }) => outcome === 'error');
    expect(errors.map(({ reason }) => reason)).toEqual(
      [1, 2, 3].map(() => (moment.startsWith('as') ? 'Redis: there is no connection' : 'Redis: ERR')),
    );
    expect(JSON.stringify(told)).not.toMatch(/hunter2|someone/);
  },
);

test('without ioredis the error says what to install', async () => {
  vi.doMock('ioredis', () => {
    throw new Error('Cannot find package');
  });
  onTestFinished(() => {
    vi.doUnmock('ioredis');
  });
  const store = redisCache();
  expect(await failure(store.epoch({ namespace: '', repository: 'r' }))).toMatchObject({
    message: expect.stringContaining('npm install ioredis') as string,
  });
  await store.close();
});

test('what was closed is not opened again', async () => {
  const store = redisCache({ url: 'redis://127.0.0.1:1' });
  await store.close();
  expect(await failure(store.epoch({ namespace: '', repository: 'r' }))).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Redis: the cache was closed',
  });
});
