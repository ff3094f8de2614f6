import { describe, expect, test } from 'vitest';
import { createHandler, listen, type Handler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { until } from './ask.ts';
import { head, wire } from './socket.ts';

const quick = createHandler(memoryRegistry());

/** A handler that answers when it is told to. */
function held(): { readonly handler: Handler; readonly asked: () => boolean; release(): void } {
  let [asked, release] = [false, (): void => {}];
  const wait = new Promise<void>((resolve) => (release = resolve));
  return {
    asked: () => asked,
    release: () => release(),
    handler: async () => {
      asked = true;
      await wait;
      return { status: 200, headers: { 'content-length': '2' }, body: new TextEncoder().encode('ok') };
    },
  };
}

/** How long something takes, in milliseconds. */
async function duration(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

describe('close', () => {
  test('waits for a request under way, also on a connection that would be kept, and takes no other', async () => {
    const { handler, asked, release } = held();
    const server = await listen(handler);
    const it = wire(server.url);
    it.write(head('GET /'));
    await until(asked);
    let closed = false;
    const closing = server.close().then(() => (closed = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([closed, it.statuses]).toEqual([false, []]);
    await expect(fetch(server.url)).rejects.toThrow();
    release();
    expect(await duration(() => closing)).toBeLessThan(2000);
    expect(await until(() => it.closed)).toBe(true);
    expect(it.statuses).toEqual([200]);
    expect(it.text.endsWith('ok')).toBe(true);
  });

  test('closes connections that idle, at once', async () => {
    const server = await listen(quick);
    const it = wire(server.url);
    it.write(head('GET /v2/'));
    await until(() => it.statuses.length === 1);
    expect(it.closed).toBe(false);
    expect(await duration(() => server.close())).toBeLessThan(1000);
    expect(await until(() => it.closed)).toBe(true);
  });

  test('closes connections on which nothing was ever said', async () => {
    const server = await listen(quick);
    const it = wire(server.url);
    await new Promise((resolve) => it.socket.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await duration(() => server.close())).toBeLessThan(1000);
    it.socket.destroy();
  });

  test('may be called where nobody ever came', async () => {
    const server = await listen(quick);
    await server.close();
  });
});

describe('the address', () => {
  test('is one of this machine alone, and a port that is free, unless told', async () => {
    const server = await listen(quick);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    await server.close();
  });

  test('may be IPv6', async () => {
    const server = await listen(quick, { host: '::1' });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${server.url}/v2/`, { headers: { connection: 'close' } })).status).toBe(200);
    await server.close();
  });

  test('that is taken is an error', async () => {
    const server = await listen(quick);
    const port = Number(new URL(server.url).port);
    await expect(listen(quick, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await server.close();
  });
});
