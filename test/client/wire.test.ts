/** What no HTTP library would send: bytes on a socket, read by the real transport. */
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { registryClient, type ClientOptions, type RegistryClient } from '../../src/client/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { httpServer, rawServer, type TestServer } from '../transport/server.ts';
import { all, blob, failure, hello, image } from './talk.ts';

const type = 'Content-Type: application/vnd.oci.image.manifest.v1+json\r\n';
const document = Buffer.from(image.bytes).toString();

async function speaking(
  answer: Parameters<typeof rawServer>[0],
  options: ClientOptions = {},
): Promise<{ server: TestServer; registry: RegistryClient }> {
  const server = await rawServer(answer);
  // What breaks is read on: the same answer, over and over.
  const registry = registryClient(server.url, { clock: leapingClock(), ...options });
  onTestFinished(() => registry.close());
  return { server, registry };
}
const readBlob = async (registry: RegistryClient) => (await registry.getBlob('r', hello.digest)).bytes();

/** An answer that stays open. */
const open = (text: string) => (socket: { write(text: string): unknown }) => void socket.write(text);

describe('29: Content-Length', () => {
  test.each([
    ['too large, and closed', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', 'UNAVAILABLE'],
    ['too small', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello', 'SIZE_MISMATCH|DIGEST_MISMATCH'],
    [
      'twice, different',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello',
      'UNAVAILABLE',
    ],
    [
      'beside chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'UNAVAILABLE',
    ],
    ['not a number', 'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello', 'UNAVAILABLE'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', 'UNAVAILABLE'],
  ])('%s', async (_, answer, codes) => {
    const { registry, server } = await speaking(answer);
    expect((await failure(readBlob(registry))).code).toMatch(new RegExp(`^(${codes})$`));
    await expect.poll(() => server.open).toBe(0);
  });

  test('of a manifest that is cut', async () => {
    const { registry } = await speaking(`HTTP/1.1 200 OK\r\n${type}Content-Length: 9999\r\n\r\n${document}`);
    expect((await failure(registry.getManifest('r', '1'))).code).toBe('UNAVAILABLE');
  });
});

test('a connection that is reset in the middle, each time', async () => {
  const { registry, server } = await speaking((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel');
    setTimeout(() => socket.resetAndDestroy(), 10);
  });
  expect(await failure(readBlob(registry))).toMatchObject({ code: 'UNAVAILABLE', method: 'GET' });
  await expect.poll(() => server.open).toBe(0);
});

describe('[A17] bodies without end', () => {
  const flood = (head: string) => (socket: import('node:net').Socket) => {
    socket.write(head);
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
    };
    socket.on('drain', more);
    more();
  };

  test.each<[string, string, (registry: RegistryClient) => Promise<unknown>, string]>([
    [
      'a blob',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      readBlob,
      'SIZE_MISMATCH|DIGEST_MISMATCH|UNAVAILABLE',
    ],
    [
      'a manifest',
      `HTTP/1.1 200 OK\r\n${type}\r\n`,
      (registry) => registry.getManifest('r', '1'),
      'RESPONSE_INVALID',
    ],
    ['a list', 'HTTP/1.1 200 OK\r\n\r\n', (registry) => all(registry.tags('r')), 'RESPONSE_INVALID'],
    ['an error', 'HTTP/1.1 404 Not Found\r\n\r\n', readBlob, 'BLOB_UNKNOWN'],
    [
      'an answer to POST',
      'HTTP/1.1 202 Accepted\r\nLocation: /x\r\n\r\n',
      (registry) => registry.startUpload('r'),
      '',
    ],
  ])('%s', async (_, head, act, codes) => {
    const { registry, server } = await speaking(flood(head));
    if (codes === '') await act(registry);
    else expect((await failure(act(registry))).code).toMatch(new RegExp(`^(${codes})$`));
    await expect.poll(() => server.open).toBe(0);
  });
});

test('40: a 416 that announces a body and closes instead (docker-registry 2.8)', async () => {
  const { registry } = await speaking('HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 5000\r\n\r\n');
  const error = await failure(registry.getBlob('r', hello.digest, { range: { start: 9 } }));
  expect(error).toMatchObject({ code: 'RANGE_INVALID', status: 416, repository: 'r' });
});

test('a body that stalls ends with the signal', async () => {
  const { registry, server } = await speaking(open('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'));
  const reason = new Error('enough');
  const ending = new AbortController();
  const content = await registry.getBlob('r', hello.digest, { signal: ending.signal });
  setTimeout(() => ending.abort(reason), 20);
  await expect(content.bytes()).rejects.toBe(reason);
  await expect.poll(() => server.open).toBe(0);
});

test('a blob without length, ended by the end of the connection, is verified by a HEAD', async () => {
  let requests = 0;
  const { registry } = await speaking((socket) =>
    socket.end(
      requests++ === 0
        ? 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
    ),
  );
  expect(await readBlob(registry)).toEqual(Buffer.from('hello'));
});

test('a header of 64 KiB is refused', async () => {
  const { registry } = await speaking(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`);
  expect((await failure(readBlob(registry))).code).toBe('UNAVAILABLE');
});

describe('[row 118] a blob is read on', () => {
  const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(1000);
  const long = blob(text);
  const read = async (registry: RegistryClient) => (await registry.getBlob('r', long.digest)).text();

  /** A registry that sends what is asked for, but breaks after 10,000 bytes of the first answer. */
  async function breaking(
    how: (response: ServerResponse) => void,
    options: ClientOptions = {},
  ): Promise<{ registry: RegistryClient; ranges: (string | undefined)[] }> {
    const ranges: (string | undefined)[] = [];
    const { url } = await httpServer(({ headers }, response) => {
      const { range } = headers;
      const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      response.writeHead(range === undefined ? 200 : 206, {
        'content-length': text.length - from,
        ...(range !== undefined && { 'content-range': `bytes ${from}-${text.length - 1}/${text.length}` }),
      });
      if (ranges.push(range) > 1) response.end(text.slice(from));
      else response.write(text.slice(0, 10_000), () => how(response));
    });
    const registry = registryClient(url, { clock: leapingClock(), ...options });
    onTestFinished(() => registry.close());
    return { registry, ranges };
  }

  test.each<[string, (response: ServerResponse) => void, ClientOptions]>([
    ['whose connection was closed', (response) => response.destroy(), {}],
    ['whose connection was reset', ({ socket }) => void setTimeout(() => socket?.resetAndDestroy(), 20), {}],
    ['that stalls', () => {}, { connections: { idleTimeout: 200 } }],
  ])('%s', async (_, how, options) => {
    const { registry, ranges } = await breaking(how, options);
    expect(await read(registry)).toBe(text);
    expect(ranges).toEqual([undefined, `bytes=10000-${text.length - 1}`]);
  });
});
