import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { collect, openable, RegistryError } from '../../src/registry/index.ts';
import {
  undiciTransport,
  type RequestBody,
  type Transport,
  type UndiciOptions,
} from '../../src/transport/index.ts';
import { freePort, httpServer, rawServer } from './server.ts';

function transport(options?: UndiciOptions): Transport {
  const { send, close } = undiciTransport(options);
  onTestFinished(close);
  return send;
}
const get = (url: URL, signal?: AbortSignal) => ({
  method: 'GET',
  url,
  headers: {},
  ...(signal !== undefined && { signal }),
});

test('twenty requests, one after the other, use one connection', async () => {
  const server = await httpServer((_, response) => response.end('hello'));
  const send = transport();
  for (let at = 0; at < 20; at++) {
    const { status, body, discard } = await send(get(server.url));
    expect(status).toBe(200);
    // However the answer is got rid of.
    if (at % 2 === 0) await collect(body);
    else await discard();
  }
  expect(server.connections).toBe(1);
});

test('as many connections as were allowed, and no more', async () => {
  const server = await httpServer((_, response) => void setTimeout(() => response.end('hello'), 20));
  const send = transport({ connections: 3 });
  await Promise.all(Array.from({ length: 12 }, async () => collect((await send(get(server.url))).body)));
  expect(server.connections).toBe(3);
});

describe('one connection is not waited for by what it waits for itself', () => {
  const serve = () =>
    httpServer((request, response) => {
      if (request.method === 'GET') response.end(Buffer.alloc(1024 * 1024));
      else request.on('data', () => {}).on('end', () => response.end());
    });

  test.each<[what: string, method: string, body: RequestBody | undefined]>([
    ['a HEAD', 'HEAD', undefined],
    ['the beginning of an upload', 'POST', openable(new Uint8Array())],
    ['a chunk', 'PATCH', openable(Buffer.from('a piece of that answer'))],
    ['a deletion', 'DELETE', undefined],
  ])('%s beside the answer to a GET', async (_, method, body) => {
    const [server, send] = [await serve(), transport({ connections: 1, idleTimeout: 1000 })];
    const answer = await send(get(server.url));
    expect((await send({ ...get(server.url), method, ...(body && { body }) })).status).toBe(200);
    await answer.discard();
  });

  test('what is streamed from a server to itself', async () => {
    const [server, send] = [await serve(), transport({ connections: 1 })];
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield* (await send(get(server.url))).body;
    };
    const { status } = await send({ ...get(server.url), method: 'PUT', body: { replayable: true, open } });
    expect(status).toBe(200);
  });
});

test('unless told, a request never waits for the connection of another', async () => {
  const waiting: (() => void)[] = [];
  const server = await httpServer((_, response) => {
    waiting.push(() => response.end('hello'));
    // Nobody is answered before all have asked.
    if (waiting.length === 40) for (const answer of waiting) answer();
  });
  const send = transport();
  const read = async (): Promise<unknown> => collect((await send(get(server.url))).body);
  expect(await Promise.all(Array.from({ length: 40 }, read))).toHaveLength(40);
});

test('a body goes out with its length, or in chunks where that is not known', async () => {
  const server = await httpServer((request, response) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    request.setEncoding('utf8').on('data', (text) => response.write(text));
    request.on('end', () => response.end(` ${length} ${encoding}`));
  });
  const send = transport();
  const echo = async (body: Parameters<Transport>[0]['body']): Promise<string> => {
    const response = await send({ ...get(server.url), method: 'PUT', ...(body && { body }) });
    return Buffer.from(await collect(response.body)).toString();
  };
  const bytes = Buffer.from('hello');
  expect(await echo(openable(bytes))).toBe('hello 5 undefined');
  expect(await echo({ ...openable(() => bytes), size: 5 })).toBe('hello 5 undefined');
  expect(await echo(openable(() => bytes))).toBe('hello undefined chunked');
  expect(await echo(openable(new Uint8Array()))).toBe(' 0 undefined');
});

test('fields that come several times are a list', async () => {
  const server = await httpServer((_, response) => response.setHeader('link', ['<a>', '<b>']).end());
  const { headers, discard } = await transport()(get(server.url));
  await discard();
  expect(headers['link']).toEqual(['<a>', '<b>']);
});

test('nobody listens: said with the address', async () => {
  const url = new URL(`http://127.0.0.1:${await freePort()}/x?sig=canary`);
  await expect(transport()(get(url))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    method: 'GET',
    message: `GET ${url.origin}/x?sig=…: nothing listens on ${url.host}`,
  });
});

test('no TLS there: said, with what to do', async () => {
  const server = await httpServer((_, response) => response.end());
  await expect(transport()(get(new URL(`https://${server.url.host}/`)))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`--plain-http ${server.url.host}`),
  });
});

test('an unknown host: said', async () => {
  await expect(transport()(get(new URL('http://nobody.invalid/')))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('nobody.invalid'),
  });
});

test('closed before the answer, or reset in its middle', async () => {
  const early = await rawServer((socket) => socket.destroy());
  await expect(transport()(get(early.url))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('the connection broke'),
  });
  const middle = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello');
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  const { body } = await transport()(get(middle.url));
  await expect(collect(body)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('the connection broke'),
  });
});

test('no answer, or one that stalls: given up after a while', async () => {
  const silent = await rawServer(() => {});
  await expect(transport({ idleTimeout: 200 })(get(silent.url))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  const stalled = await rawServer(
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'),
  );
  const { body } = await transport({ idleTimeout: 200 })(get(stalled.url));
  await expect(collect(body)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('abort: before, while waiting, and in the middle of the body, with the reason given', async () => {
  const reason = new Error('enough');
  const server = await rawServer(
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'),
  );
  const silent = await rawServer(() => {});
  const send = transport();
  await expect(send(get(server.url, AbortSignal.abort(reason)))).rejects.toBe(reason);

  const waiting = new AbortController();
  setTimeout(() => waiting.abort(reason), 20);
  await expect(send(get(silent.url, waiting.signal))).rejects.toBe(reason);

  const reading = new AbortController();
  const { body } = await send(get(server.url, reading.signal));
  setTimeout(() => reading.abort(reason), 20);
  await expect(collect(body)).rejects.toBe(reason);
  await expect.poll(() => server.open + silent.open).toBe(0);
});

test('a body that is left in the middle closes its connection; a short rest does not', async () => {
  const server = await httpServer((request, response) =>
    response.end(Buffer.alloc(request.url === '/long' ? 8 * 1024 * 1024 : 1024)),
  );
  const send = transport();
  const discardTwo = async (): Promise<unknown> =>
    Promise.all([1, 2].map(async () => (await send(get(server.url))).discard()));
  await discardTwo();
  await discardTwo();
  expect([server.connections, server.open]).toEqual([2, 2]);
  await (await send(get(new URL('/long', server.url)))).discard();
  for await (const _ of (await send(get(new URL('/long', server.url)))).body) break;
  await expect.poll(() => server.connections - server.open).toBe(2);
});

test.each([
  ['an error of a file', () => createReadStream('/nowhere/at/all'), { code: 'ENOENT' }],
  [
    'an error of the registry that is copied from',
    (): never => {
      throw new RegistryError('ENCODING_REFUSED', 'of the source', { method: 'GET' });
    },
    { code: 'ENCODING_REFUSED', method: 'GET' },
  ],
])('what the source of a body throws is no error of the connection: %s', async (_, source, wanted) => {
  const server = await httpServer((request, response) => request.on('end', () => response.end()).resume());
  const body = openable(source as () => Uint8Array);
  for (const size of [undefined, 5]) {
    await expect(
      transport()({ ...get(server.url), method: 'PUT', body: { ...body, ...(size && { size }) } }),
    ).rejects.toMatchObject(wanted);
  }
});

test('undici is loaded with the first request, not before', async () => {
  // What a package of CommonJS leaves in `require.cache` shows that it was loaded, also by an `import`.
  const program = await bundle(`
    import { createRequire } from 'node:module';
    import { registryClient } from './src/client/index.ts';
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => /[/]undici[/]/.test(file));
    const registry = registryClient('127.0.0.1:${await freePort()}');
    const before = loaded();
    await registry.resolveManifest('r', '1').catch(() => {});
    console.log(before, loaded());
    await registry.close();
  `);
  // As its input: an argument may not be as long.
  const options = { input: program, timeout: 10_000, encoding: 'utf8' } as const;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-'], options);
  expect(stdout).toBe('false true\n');
});

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  return outputFiles[0]?.text ?? '';
}
