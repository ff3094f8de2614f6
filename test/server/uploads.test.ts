/** What a server makes of uploads that go wrong, over each store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { layoutRegistry } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { bytes, named } from '../oci/words.ts';
import { ask, until, type Answer } from './ask.ts';
import { head, wire, type Wire } from './socket.ts';

const TEXT = 'one two three';
const digest = named(TEXT);

const stores: Readonly<Record<string, () => Promise<{ registry: Registry; gone: () => Promise<void> }>>> = {
  memory: async () => ({ registry: memoryRegistry(), gone: async () => {} }),
  async layout() {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-server-'));
    return {
      registry: layoutRegistry(folder, { durable: false }),
      gone: () => rm(folder, { recursive: true }),
    };
  },
};

describe.each(Object.entries(stores))('over %s', (_, open) => {
  /** With an upload that holds the first bytes. */
  async function withUpload(
    act: (at: {
      ask: (line: string, headers?: Record<string, string>, body?: string) => Promise<Answer>;
      place: string;
      registry: Registry;
    }) => Promise<void>,
  ): Promise<void> {
    const { registry, gone } = await open();
    const handler = createHandler(registry);
    const send = (line: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> =>
      ask(handler, line, { headers, body });
    const { headers } = await send('POST /v2/a/blobs/uploads/');
    const patched = await send(`PATCH ${headers['location']}`, {}, TEXT.slice(0, 4));
    expect(patched).toMatchObject({ status: 202, headers: { range: '0-3' } });
    try {
      await act({ ask: send, place: patched.headers['location'] as string, registry });
    } finally {
      await gone();
    }
  }

  test('a chunk that begins elsewhere: 416, and the upload survives [row 129]', () =>
    withUpload(async ({ ask: send, place }) => {
      for (const range of ['5-6', '3-4', '0-1']) {
        const answer = await send(`PATCH ${place}`, { 'content-range': range }, 'tw');
        // The specification has no word for it.
        expect(answer).toMatchObject({ status: 416, errors: [{ code: 'BLOB_UPLOAD_INVALID' }] });
      }
      expect(await send(`GET ${place}`)).toMatchObject({ status: 204, headers: { range: '0-3' } });
      expect(await send(`PUT ${place}?digest=${digest}`, {}, TEXT.slice(4))).toMatchObject({ status: 201 });
    }));

  test('a chunk that is not as long as its range: 400, and none of it is kept [row 130]', () =>
    withUpload(async ({ ask: send, place }) => {
      const answer = await send(`PATCH ${place}`, { 'content-range': '4-12' }, 'two');
      expect(answer).toMatchObject({ status: 400, errors: [{ code: 'SIZE_INVALID' }] });
      expect(await send(`GET ${place}`)).toMatchObject({ status: 204, headers: { range: '0-3' } });
    }));

  // distribution's code for it is BLOB_UPLOAD_INVALID; the specification's says what it is: not known.
  test('an id that was changed, or of another repository: 404, and nobody is harmed [row 131] [A42]', () =>
    withUpload(async ({ ask: send, place, registry }) => {
      await registry.pushBlob('b', { digest: named('x'), size: 1 }, bytes('x'));
      const last = place.at(-2) === 'A' ? 'B' : 'A';
      for (const wrong of [place.replace('/a/', '/b/'), `${place.slice(0, -2)}${last}${place.at(-1)}`]) {
        for (const method of ['GET', 'PATCH', 'DELETE', 'PUT']) {
          const query = method === 'PUT' ? `?digest=${digest}` : '';
          expect(await send(`${method} ${wrong}${query}`, {}, 'evil'), wrong).toMatchObject({
            status: 404,
            errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }],
          });
        }
      }
      expect(await send(`GET ${place}`)).toMatchObject({ status: 204, headers: { range: '0-3' } });
    }));

  test('ids cannot be guessed: 128 random bits [A42]', () =>
    withUpload(async ({ registry }) => {
      const ids = await Promise.all(
        Array.from({ length: 100 }, async () => (await registry.startUpload('a')).id),
      );
      expect(new Set(ids).size).toBe(100);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    }));

  test('the wrong digest: 400, the upload is gone, and there is no blob [row 132]', () =>
    withUpload(async ({ ask: send, place }) => {
      const wrong = named('other');
      const answer = await send(`PUT ${place}?digest=${wrong}`, {}, TEXT.slice(4));
      expect(answer).toMatchObject({ status: 400, errors: [{ code: 'DIGEST_INVALID' }] });
      expect(await send(`GET ${place}`)).toMatchObject({ status: 404 });
      for (const name of [wrong, digest])
        expect(await send(`HEAD /v2/a/blobs/${name}`)).toMatchObject({ status: 404 });
    }));

  test('a blob is in the repository it was pushed to, and in no other [row 133]', () =>
    withUpload(async ({ ask: send, place, registry }) => {
      await send(`PUT ${place}?digest=${digest}`, {}, TEXT.slice(4));
      await registry.pushBlob('b', { digest: named('x'), size: 1 }, bytes('x'));
      expect(await send(`HEAD /v2/a/blobs/${digest}`)).toMatchObject({ status: 200 });
      expect(await send(`GET /v2/b/blobs/${digest}`)).toMatchObject({
        status: 404,
        errors: [{ code: 'BLOB_UNKNOWN' }],
      });
    }));
});

describe.each(Object.entries(stores))('a caller that goes away in the middle, over %s', (_, open) => {
  const SIZE = 5_000_000;
  const half = Buffer.alloc(SIZE / 2, 'x');
  const whole = named('x'.repeat(SIZE));

  /** A server, and a connection to it on which half of a request came. */
  async function halfSent(
    request: (place: string) => string,
    ...fields: readonly string[]
  ): Promise<{ url: string; connection: Wire; close: () => Promise<void> }> {
    const { registry, gone } = await open();
    const errors: unknown[] = [];
    const handler = createHandler(registry, { onError: (error) => errors.push(error) });
    let came = 0;
    const counted = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of body) {
        came += piece.length;
        yield piece;
      }
    };
    const server = await listen((it) => handler({ ...it, body: counted(it.body) }));
    const started = await fetch(`${server.url}/v2/a/blobs/uploads/`, { method: 'POST' });
    const place = started.headers.get('location') ?? '';
    const connection = wire(server.url);
    const isChunked = fields.includes('Transfer-Encoding: chunked');
    connection.write(
      head(request(place), ...fields),
      isChunked ? `${half.length.toString(16)}\r\n` : '',
      half,
    );
    expect(await until(() => came === half.length)).toBe(true);
    return {
      url: `${server.url}${place}`,
      connection,
      async close() {
        await server.close();
        await gone();
        expect(errors).toEqual([]);
      },
    };
  }
  const heldAt = async (url: string): Promise<number> => {
    const { status, headers } = await fetch(url);
    expect(status).toBe(204);
    return Number(/^0-(\d+)$/.exec(headers.get('range') ?? '')?.[1]) + 1;
  };

  const ways = { 'says goodbye': 'end', 'is just gone': 'resetAndDestroy' } as const;
  const requests: Readonly<Record<string, readonly [(place: string) => string, ...string[]]>> = {
    'a PUT of the whole': [(place) => `PUT ${place}?digest=${whole}`, `Content-Length: ${SIZE}`],
    'a PATCH with its place': [
      (place) => `PATCH ${place}`,
      `Content-Length: ${SIZE}`,
      `Content-Range: 0-${SIZE - 1}`,
    ],
    'a PATCH of unknown length': [(place) => `PATCH ${place}`, 'Transfer-Encoding: chunked'],
  };
  const table = Object.entries(requests).flatMap(([name, request]) =>
    Object.entries(ways).map(([way, how]) => [name, way, request, how] as const),
  );

  test.each(table)(
    '%s, and %s: what came is kept, told, and gone on with',
    async (_name, _way, request, how) => {
      const { url, connection, close } = await halfSent(...request);
      connection.socket[how]();
      // At once: whoever asks is told what there will be when all that came is written.
      expect(await heldAt(url)).toBe(half.length);
      const finished = await fetch(`${url}?digest=${whole}`, {
        method: 'PUT',
        body: half,
        headers: { 'content-range': `${half.length}-${SIZE - 1}` },
      });
      expect(finished.status).toBe(201);
      await close();
    },
  );

  test('while it is still there, nobody else writes', async () => {
    const { url, connection, close } = await halfSent((at) => `PATCH ${at}`, `Content-Length: ${SIZE}`);
    const headers = { 'content-range': '0-4' };
    const other = await fetch(url, { method: 'PATCH', body: 'other', headers });
    expect(other.status).toBe(416);
    connection.write(half);
    await until(() => connection.statuses.length > 0);
    expect(connection.statuses).toEqual([202]);
    expect(await heldAt(url)).toBe(SIZE);
    connection.socket.destroy();
    await close();
  });
});
