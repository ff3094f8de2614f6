/** What reaches the wire, by both transports. */
import { describe, expect, test } from 'vitest';
import { retry, fetchTransport, undiciTransport, type Transport } from '../../src/transport/index.ts';
import { leapingClock } from './clock.ts';
import { httpServer } from './server.ts';

describe.each<[string, () => Transport]>([
  ['undici', () => undiciTransport().send],
  ['fetch', () => fetchTransport()],
])('%s', (_, create) => {
  test('[A10] a path that begins with two slashes is no other host', async () => {
    const asked: unknown[] = [];
    const server = await httpServer((request, response) => {
      asked.push([request.headers.host, request.url]);
      response.end();
    });
    await (
      await create()({ method: 'GET', url: new URL(`${server.url.origin}//evil.example/x`), headers: {} })
    ).discard();
    expect(asked).toEqual([[server.url.host, '//evil.example/x']]);
  });

  test('[A10] a line break in a field is an error, and sends nothing', async () => {
    let came = 0;
    const server = await httpServer((request, response) => {
      came++;
      response.end();
    });
    for (const headers of [{ accept: 'a\r\nx-evil: 1' }, { 'x\r\nx-evil: 1': 'a' }])
      await expect(
        retry(create(), { clock: leapingClock() })({ method: 'GET', url: server.url, headers }),
      ).rejects.toThrow();
    expect(came).toBe(0);
  });

  test('[A10] cookies are not kept', async () => {
    const cookies: unknown[] = [];
    const server = await httpServer((request, response) => {
      cookies.push(request.headers.cookie);
      response.setHeader('set-cookie', 'a=1').end();
    });
    const send = create();
    for (let times = 0; times < 2; times++)
      await (await send({ method: 'GET', url: server.url, headers: {} })).discard();
    expect(cookies).toEqual([undefined, undefined]);
  });

  test('[A8] where TLS fails, plain HTTP is not tried', async () => {
    const asked: unknown[] = [];
    const server = await httpServer((request, response) => {
      asked.push(request.url);
      response.end();
    });
    await expect(
      retry(create(), { clock: leapingClock() })({
        method: 'GET',
        url: new URL(`https://${server.url.host}/`),
        headers: { authorization: 'Bearer canary' },
      }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.not.stringContaining('canary') });
    expect(asked).toEqual([]);
    // One connection, for the handshake that failed.
    expect(server.connections).toBe(1);
  });
});
