import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collect, openable, RegistryError } from '../../src/registry/index.ts';
import { fetchTransport } from '../../src/transport/index.ts';
import { freePort, httpServer, rawServer } from './server.ts';

const send = fetchTransport();
const get = (url: URL, signal?: AbortSignal) => ({
  method: 'GET',
  url,
  headers: {},
  ...(signal !== undefined && { signal }),
});

test('status, fields and body', async () => {
  const server = await httpServer((_, response) => response.writeHead(404, { 'x-a': 'b' }).end('hello'));
  const { status, headers, url, body } = await send(get(server.url));
  expect({ status, field: headers['x-a'], url }).toEqual({ status: 404, field: 'b', url: server.url });
  expect(Buffer.from(await collect(body)).toString()).toBe('hello');
});

test('redirects are answers', async () => {
  const server = await httpServer((_, response) => response.writeHead(307, { location: '/y' }).end('moved'));
  const { status, headers, discard } = await send(get(server.url));
  await discard();
  expect([status, headers['location']]).toEqual([307, '/y']);
  const body = openable(Buffer.from('hello'));
  const put = await send({ ...get(server.url), method: 'PUT', body });
  await put.discard();
  expect(put.status).toBe(307);
});

test('a body of bytes has its length, a stream may have one', async () => {
  const server = await httpServer((request, response) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    request.on('end', () => response.end(`${length} ${encoding}`)).resume();
  });
  const echo = async (body: Parameters<typeof send>[0]['body']): Promise<string> => {
    const response = await send({ ...get(server.url), method: 'PUT', ...(body && { body }) });
    return Buffer.from(await collect(response.body)).toString();
  };
  const bytes = Buffer.from('hello');
  expect(await echo(openable(bytes))).toBe('5 undefined');
  expect(await echo({ ...openable(() => bytes), size: 5 })).toBe('5 undefined');
  expect(await echo(openable(() => bytes))).toBe('undefined chunked');
});

test('nobody listens; and a connection that breaks in the middle', async () => {
  const nowhere = new URL(`http://127.0.0.1:${await freePort()}/x?sig=canary`);
  await expect(send(get(nowhere))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    url: `${nowhere.origin}/x?sig=…`,
  });
  const server = await rawServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello');
  const { body } = await send(get(server.url));
  await expect(collect(body)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('abort: before, and in the middle of the body, with the reason given', async () => {
  const reason = new Error('enough');
  const server = await rawServer(
    (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'),
  );
  await expect(send(get(server.url, AbortSignal.abort(reason)))).rejects.toBe(reason);
  const reading = new AbortController();
  const { body } = await send(get(server.url, reading.signal));
  void setTimeout(20).then(() => reading.abort(reason));
  await expect(collect(body)).rejects.toBe(reason);
});

test('what the source of a body throws is no error of the connection', async () => {
  const server = await httpServer((request, response) => request.on('end', () => response.end()).resume());
  const body = openable((): never => {
    throw new RegistryError('ENCODING_REFUSED', 'of the source', { method: 'GET' });
  });
  await expect(send({ ...get(server.url), method: 'PUT', body })).rejects.toMatchObject({
    code: 'ENCODING_REFUSED',
    method: 'GET',
  });
});

test.each(['before it was begun', 'after it was begun', 'in its middle'])(
  'a body that is let go %s is cancelled',
  async (when) => {
    let cancelled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel: () => void cancelled++,
    });
    const { body, discard } = await fetchTransport(async () => new Response(endless))(
      get(new URL('http://registry.test/')),
    );
    if (when !== 'before it was begun') for await (const _ of body) break;
    if (when !== 'in its middle') await discard();
    expect(cancelled).toBe(1);
  },
);
