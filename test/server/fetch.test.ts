import { describe, expect, test } from 'vitest';
import { createHandler, toFetchHandler, type Handler, type ServerRequest } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { collect } from '../../src/registry/index.ts';
import { bytes, named } from '../oci/words.ts';
import { stream } from '../registry/streams.ts';
import { until } from './ask.ts';

const BASE = 'http://registry.test';
const TEXT = 'one two three';
const digest = named(TEXT);

/** A handler that tells what it was asked. */
function echo(): {
  readonly handle: (request: Request) => Promise<Response>;
  readonly seen: (ServerRequest & { text: string })[];
} {
  const seen: (ServerRequest & { text: string })[] = [];
  const handler: Handler = async (request) => {
    seen.push({ ...request, text: new TextDecoder().decode(await collect(request.body)) });
    return { status: 202, headers: { 'x-a': 'b' } };
  };
  return { handle: toFetchHandler(handler), seen };
}

describe('requests', () => {
  test('come with method, path, query, fields and body', async () => {
    const { handle, seen } = echo();
    const request = new Request(`${BASE}/v2/a/tags/list?n=1&last=x%20y`, {
      method: 'PUT',
      headers: { 'X-Field': 'x' },
      body: TEXT,
    });
    const response = await handle(request);
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([202, 'b', '']);
    expect(seen).toMatchObject([{ method: 'PUT', target: '/v2/a/tags/list?n=1&last=x%20y', text: TEXT }]);
    expect(seen[0]?.headers['x-field']).toBe('x');
  });

  test('tell how their body is framed, as far as it shows', async () => {
    const { handle, seen } = echo();
    const put = (init: RequestInit): Promise<Response> =>
      handle(new Request(`${BASE}/v2/`, { method: 'PUT', ...init }));
    await put({ body: TEXT, headers: { 'content-length': '13' } });
    await put({ body: TEXT });
    await put({});
    expect(seen.map(({ headers }) => [headers['content-length'], headers['transfer-encoding']])).toEqual([
      ['13', undefined],
      [undefined, 'chunked'],
      [undefined, undefined],
    ]);
  });

  test('end with their signal', async () => {
    const { handle, seen } = echo();
    const controller = new AbortController();
    await handle(new Request(`${BASE}/v2/`, { signal: controller.signal }));
    expect(seen[0]?.signal.aborted).toBe(false);
    controller.abort();
    expect(seen[0]?.signal.aborted).toBe(true);
  });
});

describe('answers', () => {
  test('a blob goes in, comes out, and is there', async () => {
    const registry = memoryRegistry();
    const handle = toFetchHandler(createHandler(registry));
    const ask = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
      handle(new Request(BASE + path, { method, ...init }));
    expect((await ask('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: TEXT })).status).toBe(201);
    const got = await ask('GET', `/v2/a/blobs/${digest}`);
    expect([got.status, got.headers.get('content-length'), await got.text()]).toEqual([200, '13', TEXT]);
    const asked = await ask('HEAD', `/v2/a/blobs/${digest}`);
    expect([asked.status, asked.headers.get('content-length'), asked.body]).toEqual([200, '13', null]);
    const known = await ask('GET', `/v2/a/blobs/${digest}`, { headers: { 'if-none-match': `"${digest}"` } });
    expect([known.status, known.body]).toEqual([304, null]);
    const unknown = await ask('HEAD', `/v2/a/blobs/${named('other')}`);
    expect([unknown.status, unknown.body]).toEqual([404, null]);
  });

  test('whose reader goes away free what stands behind them', async () => {
    const body = stream(...Array.from({ length: 100 }, () => bytes('x'.repeat(1000))));
    const response = await toFetchHandler(async () => ({ status: 200, headers: {}, body }))(
      new Request(BASE),
    );
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    expect(await until(() => body.ended)).toBe(true);
    expect(body.asked).toBeLessThan(5);
  });

  test('that fail in the middle are seen to fail', async () => {
    const broken = new Error('the disk broke');
    const body = stream('one ', broken);
    const response = await toFetchHandler(async () => ({ status: 200, headers: {}, body }))(
      new Request(BASE),
    );
    await expect(response.text()).rejects.toBe(broken);
  });
});
