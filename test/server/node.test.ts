import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { HeaderFields } from '../../src/protocol/index.ts';
import { contentOf, type Registry } from '../../src/registry/index.ts';
import {
  createHandler,
  listen,
  toNodeListener,
  type Handler,
  type Listening,
  type ServerReply,
} from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { named } from '../oci/words.ts';
import { replacing, until } from './ask.ts';
import { head, wire, type Wire } from './socket.ts';

const MIB = 1024 * 1024;
const digest = named('anything');
const open: { close(): Promise<void> }[] = [];
const sockets: Wire[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  for (const it of open.splice(0)) await it.close();
});

async function serve(handler: Handler): Promise<Listening> {
  const listening = await listen(handler);
  open.push(listening);
  return listening;
}

function connected(url: string): Wire {
  const it = wire(url);
  sockets.push(it);
  return it;
}

/** A registry whose one blob is of 1 GiB, and what became of its stream. */
function endless(pieces: (signal: AbortSignal | undefined) => AsyncGenerator<Uint8Array>): {
  readonly registry: Registry;
  readonly stream: { started: boolean; ended: boolean; signal?: AbortSignal };
} {
  const stream: { started: boolean; ended: boolean; signal?: AbortSignal } = { started: false, ended: false };
  const registry = replacing(memoryRegistry(), 'getBlob', async (_, asked, { signal } = {}) => {
    if (signal !== undefined) stream.signal = signal;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      stream.started = true;
      try {
        yield* pieces(signal);
      } finally {
        stream.ended = true;
      }
    };
    return contentOf(watched(), { descriptor: { mediaType: 'a/b', digest: asked, size: 1024 * MIB } });
  });
  return { registry, stream };
}

describe('a caller that goes away in the middle of a download', () => {
  test('frees what the store had opened', async () => {
    const { registry, stream } = endless(async function* () {
      for (;;) yield new Uint8Array(MIB);
    });
    const { url } = await serve(createHandler(registry));
    const { socket, write, ...it } = connected(url);
    write(head(`GET /v2/a/blobs/${digest}`));
    await until(() => stream.started);
    // Not read, so that the server is made to wait.
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream.ended).toBe(false);
    socket.destroy();
    expect(await until(() => stream.ended)).toBe(true);
    expect(stream.signal?.aborted).toBe(true);
    expect(it).toBeDefined();
  });

  test('ends the wait of a store that has nothing to give yet', async () => {
    const { registry, stream } = endless(async function* (signal) {
      yield new Uint8Array(MIB);
      yield new Uint8Array(MIB);
      await new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    });
    const { url } = await serve(createHandler(registry));
    const { socket, write } = connected(url);
    write(head(`GET /v2/a/blobs/${digest}`));
    await until(() => stream.started);
    socket.destroy();
    expect(await until(() => stream.ended)).toBe(true);
  });
});

test('a caller that reads slowly costs nothing but time', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  const handler: Handler = async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for (let i = 0; i < 64; i++) yield new Uint8Array(MIB);
    })(),
  });
  const { url } = await serve(handler);
  const answer = await fetch(url);
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.off('warning', warned);
  expect(size).toBe(64 * MIB);
  // Node warns when listeners pile up.
  expect(warnings).toEqual([]);
});

describe('an answer that comes before the whole request', () => {
  const large = new Uint8Array(MIB);

  test('is seen by who is still writing, and the connection goes on', async () => {
    const { url } = await serve(createHandler(memoryRegistry()));
    const it = connected(url);
    it.write(head('PUT /v2/a/manifests/v1', `Content-Length: ${16 * MIB}`));
    for (let i = 0; i < 16; i++) it.write(large);
    expect(await until(() => it.statuses.length === 1)).toBe(true);
    expect(it.statuses).toEqual([413]);
    expect(it.text).toContain('MANIFEST_INVALID');
    it.write(head('GET /v2/'));
    expect(await until(() => it.statuses.length === 2)).toBe(true);
    expect([it.statuses, it.closed]).toEqual([[413, 200], false]);
  });

  test.each([
    ['in HTTP chunks', 'PUT /v2/a/manifests/v1', 413],
    ['to an upload that is not there', 'PATCH /v2/a/blobs/uploads/nothing', 404],
    ['to a path that is none', 'PUT /v1/x', 404],
    ['by a method that is none', 'PUT /v2/', 405],
  ])('%s', async (_, line, status) => {
    const { url } = await serve(createHandler(memoryRegistry()));
    const it = connected(url);
    it.write(head(line, 'Transfer-Encoding: chunked'));
    for (let i = 0; i < 8; i++) it.write('100000\r\n', large, '\r\n');
    it.write('0\r\n\r\n', head('GET /v2/'));
    expect(await until(() => it.statuses.length === 2)).toBe(true);
    expect(it.statuses).toEqual([status, 200]);
  });

  test('is not waited with for a body that never comes [A48]', async () => {
    const { url } = await serve(createHandler(memoryRegistry()));
    const it = connected(url);
    it.write(head('PUT /v2/a/manifests/v1', `Content-Length: ${16 * MIB}`));
    expect(await until(() => it.statuses.length === 1)).toBe(true);
    expect(it.statuses).toEqual([413]);
  });
});

describe('a body', () => {
  test('that comes byte by byte arrives', async () => {
    const registry = memoryRegistry();
    const { url } = await serve(createHandler(registry));
    const it = connected(url);
    const text = 'one two three';
    it.write(head(`POST /v2/a/blobs/uploads/?digest=${named(text)}`, `Content-Length: ${text.length}`));
    for (const letter of text) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      it.write(letter);
    }
    expect(await until(() => it.statuses.length === 1)).toBe(true);
    expect(it.statuses).toEqual([201]);
    expect(await (await registry.getBlob('a', named(text))).text()).toBe(text);
  });

  test('whose sender goes away is not kept [A48]', async () => {
    const registry = memoryRegistry();
    const errors: unknown[] = [];
    const { url } = await serve(createHandler(registry, { onError: (error) => errors.push(error) }));
    const it = connected(url);
    it.write(head(`POST /v2/a/blobs/uploads/?digest=${named('one')}`, 'Content-Length: 3'), 'on');
    await new Promise((resolve) => setTimeout(resolve, 50));
    it.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(registry.resolveBlob('a', named('one'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(errors).toEqual([]);
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
  });

  test('of an answer that fails in the middle is seen not to be whole', async () => {
    const handler: Handler = async () => ({
      status: 200,
      headers: { 'content-length': String(2 * MIB) },
      body: (async function* () {
        yield new Uint8Array(MIB);
        throw new Error('the disk broke');
      })(),
    });
    const { url } = await serve(handler);
    const it = connected(url);
    it.write(head('GET /v2/'));
    expect(await until(() => it.closed)).toBe(true);
    expect(it.text.length).toBeLessThan(2 * MIB);
    expect(it.statuses).toEqual([200]);
  });
});

describe('requests and answers', () => {
  /** What a handler sees of a request. */
  async function seen(...lines: readonly string[]): Promise<{ target: string; headers: HeaderFields }> {
    let request: { target: string; headers: HeaderFields } | undefined;
    const { url } = await serve(async (it): Promise<ServerReply> => {
      request = it;
      return { status: 204, headers: {} };
    });
    const it = connected(url);
    const [line = '', ...fields] = lines;
    it.write(head(line, ...fields));
    expect(await until(() => it.statuses.length === 1)).toBe(true);
    return request as unknown as { target: string; headers: HeaderFields };
  }

  test('a header named __proto__ is one like any other [A36]', async () => {
    const { headers } = await seen('GET /v2/', '__proto__: a', 'constructor: b', 'X-Fine: c');
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect([headers['__proto__'], headers['constructor'], headers['x-fine']]).toEqual(['a', 'b', 'c']);
    expect(headers['toString']).toBeUndefined();
  });

  test('a header that is sent several times is a list, also where Node would drop some', async () => {
    const { headers } = await seen(
      'GET /v2/',
      'Range: bytes=0-1',
      'X-A: 1',
      'X-A: 2',
      'x-a: 3',
      'Range: bytes=2-3',
    );
    expect(headers['x-a']).toEqual(['1', '2', '3']);
    expect(headers['range']).toEqual(['bytes=0-1', 'bytes=2-3']);
  });

  test('the path comes as it stood in the request line', async () => {
    const { target } = await seen('GET /v2/a/../%2e%2e//x?y=%zz&z#w');
    expect(target).toBe('/v2/a/../%2e%2e//x?y=%zz&z#w');
  });

  test('HEAD is answered without a body, whatever the handler gives', async () => {
    const { url } = await serve(createHandler(memoryRegistry()));
    const it = connected(url);
    it.write(head(`HEAD /v2/a/blobs/${digest}`), head('GET /v2/'));
    expect(await until(() => it.statuses.length === 2)).toBe(true);
    expect(it.text).not.toContain('NAME_UNKNOWN');
    expect(it.text).toMatch(/content-length: [1-9]/);
  });

  test('a handler that fails, against its word, costs its own connection alone', async () => {
    const { url } = await serve(async ({ target }) => {
      if (target === '/fail') throw new Error('x');
      if (target === '/status') return { status: 99_999, headers: {} };
      if (target === '/header') return { status: 200, headers: { 'x-a': 'a\r\nb: c' } };
      return { status: 204, headers: {} };
    });
    for (const path of ['/fail', '/status', '/header']) {
      const it = connected(url);
      it.write(head(`GET ${path}`));
      expect(await until(() => it.closed)).toBe(true);
      expect(it.statuses).toEqual([]);
    }
    expect((await fetch(`${url}/`)).status).toBe(204);
  });

  test('it is a listener that can be put into any server', async () => {
    const server = createServer(toNodeListener(createHandler(memoryRegistry())));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ close: async () => void server.close() });
    const { port } = server.address() as AddressInfo;
    expect(
      await (await fetch(`http://127.0.0.1:${port}/v2/`, { headers: { connection: 'close' } })).text(),
    ).toBe('{}');
  });
});
