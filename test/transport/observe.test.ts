import { expect, test } from 'vitest';
import { followRedirects, observe, type RequestEvent } from '../../src/transport/index.ts';
import { scripted } from '../scripted.ts';

test('tells of every request, redirects included, without secrets', async () => {
  const { transport, done } = scripted([
    {
      request: 'GET /x?sig=canary',
      answer: { status: 307, headers: { location: 'https://cdn.test/y?key=canary' } },
    },
    { request: 'GET https://cdn.test/y?key=canary', answer: { status: 404 } },
  ]);
  const events: RequestEvent[] = [];
  const send = followRedirects(observe(transport, (event) => events.push(event)));
  const url = new URL('https://registry.test/x?sig=canary');
  await (await send({ method: 'GET', url, headers: {} })).discard();
  expect(events).toEqual([
    { method: 'GET', url: 'https://registry.test/x?sig=…', status: 307, duration: expect.any(Number) },
    { method: 'GET', url: 'https://cdn.test/y?key=…', status: 404, duration: expect.any(Number) },
  ]);
  done();
});

test('tells of a request without an answer, and lets its error pass', async () => {
  const broken = new Error('broken');
  const events: RequestEvent[] = [];
  const { transport } = scripted([{ request: 'GET /', answer: { fail: broken } }]);
  const sent = observe(transport, (event) => events.push(event))({
    method: 'GET',
    url: new URL('https://registry.test/'),
    headers: {},
  });
  await expect(sent).rejects.toBe(broken);
  expect(events).toMatchObject([{ method: 'GET', status: undefined }]);
});
