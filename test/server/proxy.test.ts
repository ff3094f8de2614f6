import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { errorCode } from '../../src/registry/index.ts';
import { createHandler, listen, type Handler } from '../../src/server/index.ts';
import { bytes, named } from '../oci/words.ts';
import { ask, until } from './ask.ts';
import { head, wire } from './socket.ts';

const TEXT = 'one two three';
const digest = named(TEXT);
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server over a client of something that answers like this. */
async function proxy(answer: Answer): Promise<{ readonly handler: Handler; readonly told: unknown[] }> {
  const upstream = createServer(answer);
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  // What is refused is handed on at once: repetitions and pauses are shown elsewhere.
  const client = registryClient(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, {
    retries: 0,
    maxWait: 0,
  });
  open.push({ close: () => (upstream.closeAllConnections(), upstream.close()) }, client);
  const told: unknown[] = [];
  return { told, handler: createHandler(client, { onError: (error) => told.push(error) }) };
}

const error = (code: string): string => JSON.stringify({ errors: [{ code, message: 'said the upstream' }] });

describe('what the registry behind it refuses, it refuses as well', () => {
  test.each<
    readonly [
      status: number,
      headers: Readonly<Record<string, string>>,
      body: string,
      our: number,
      code: string,
    ]
  >([
    [404, {}, error('BLOB_UNKNOWN'), 404, 'BLOB_UNKNOWN'],
    [404, {}, error('NOT_FOUND'), 404, 'NOT_FOUND'],
    [404, {}, '<html>', 404, 'BLOB_UNKNOWN'],
    [403, {}, error('DENIED'), 403, 'DENIED'],
    [403, {}, '', 403, 'DENIED'],
    [429, { 'retry-after': '30' }, error('TOOMANYREQUESTS'), 429, 'TOOMANYREQUESTS'],
    [429, { 'retry-after': '30' }, '', 429, 'TOOMANYREQUESTS'],
    [429, {}, 'slow down', 429, 'TOOMANYREQUESTS'],
    [429, { 'retry-after': 'soon' }, '', 429, 'TOOMANYREQUESTS'],
    [500, {}, error('UNKNOWN'), 502, 'UNKNOWN'],
    [500, {}, '<html>500</html>', 502, 'UNKNOWN'],
    [502, {}, '', 502, 'UNKNOWN'],
    [503, { 'retry-after': '7' }, '', 503, 'UNKNOWN'],
    // A code may be any text, also one that every object of JavaScript has.
    [500, {}, error('constructor'), 500, 'UNKNOWN'],
    // What is no failure there is one here, if it is not what was asked for.
    [202, {}, '', 500, 'UNKNOWN'],
    [204, {}, '', 500, 'UNKNOWN'],
  ])('%i %j %s: %i %s', async (status, headers, body, our, code) => {
    const { handler, told } = await proxy((_, response) => response.writeHead(status, headers).end(body));
    const answer = await ask(handler, `GET /v2/a/blobs/${digest}`);
    expect(answer).toMatchObject({ status: our, errors: [{ code }] });
    const wait = headers['retry-after'];
    expect(answer.headers['retry-after']).toBe(wait === 'soon' ? undefined : wait);
    expect(told).toHaveLength(our >= 500 ? 1 : 0);
  });

  test('for uploads and manifests too', async () => {
    const { handler } = await proxy((request, response) => {
      request.resume();
      response.writeHead(429, { 'retry-after': '30' }).end();
    });
    for (const line of [
      'PUT /v2/a/manifests/v1',
      'POST /v2/a/blobs/uploads/',
      `POST /v2/a/blobs/uploads/?digest=${digest}`,
      'GET /v2/a/tags/list',
      `DELETE /v2/a/blobs/${digest}`,
    ]) {
      const message = line.startsWith('PUT')
        ? {
            body: '{"schemaVersion":2,"manifests":[]}',
            headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
          }
        : {};
      const sent = line.includes('?digest') ? { body: TEXT } : message;
      expect(await ask(handler, line, sent)).toMatchObject({ status: 429, headers: { 'retry-after': '30' } });
    }
  });
});

describe('a registry behind it that hangs up', () => {
  test('before it answers: 5xx, and the reason is told to us', async () => {
    const { handler, told } = await proxy((request) => request.socket.destroy());
    const answer = await ask(handler, `GET /v2/a/blobs/${digest}`);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(told.map(errorCode)).toEqual(['UNAVAILABLE']);
  });

  test('that is not there at all', async () => {
    const handler = createHandler(registryClient('http://127.0.0.1:1', { retries: 0 }));
    const answer = await ask(handler, 'GET /v2/a/tags/list');
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.errors).toHaveLength(1);
  });

  // Too late for another status: a connection that breaks, at the latest before the last piece, is how it is seen.
  test.each<readonly [string, Answer]>([
    [
      'in the middle of a blob',
      (request, response) => {
        response.writeHead(200, { 'content-length': String(TEXT.length) }).write('one ');
        setTimeout(() => request.socket.destroy(), 20);
      },
    ],
    [
      'after a blob of other bytes',
      (_, response) => response.writeHead(200, { 'content-length': '13' }).end('one two thref'),
    ],
  ])('%s: the caller does not get the whole', async (_, answer) => {
    const { handler } = await proxy(answer);
    const server = await listen(handler);
    open.push(server);
    const it = wire(server.url);
    it.write(head(`GET /v2/a/blobs/${digest}`));
    expect(await until(() => it.closed)).toBe(true);
    expect(it.text.slice(it.text.indexOf('\r\n\r\n') + 4).length).toBeLessThan(TEXT.length);
  });
});

test('a caller that goes away frees the connection to the registry behind', async () => {
  let gone = false;
  const { handler, told } = await proxy((request, response) => {
    request.socket.once('close', () => (gone = true));
    response.writeHead(200, { 'content-length': String(1024 ** 3) });
    const more = (): void =>
      void (gone || response.write(bytes('x'.repeat(65_536)), () => setTimeout(more, 1)));
    more();
  });
  const server = await listen(handler);
  open.push(server);
  const it = wire(server.url);
  it.write(head(`GET /v2/a/blobs/${digest}`));
  await until(() => it.text.length > 100_000);
  it.socket.destroy();
  expect(await until(() => gone)).toBe(true);
  expect(told).toEqual([]);
});
