import { expect, test } from 'vitest';
import { followRedirects, observe, type RequestEvent, type Transport } from '../../src/transport/index.ts';
import { scripted } from '../../src/testing/index.ts';
import { leapingClock } from './clock.ts';

test('tells of every request, redirects included, without secrets', async () => {
  const { transport, done } = scripted([
    {
      request: 'GET /v2/r/blobs/x?sig=canary',
      answer: { status: 307, headers: { location: 'https://cdn.test/y?key=canary' } },
    },
    { request: 'GET https://cdn.test/y?key=canary', answer: { status: 404 } },
  ]);
  const events: RequestEvent[] = [];
  const clock = leapingClock();
  const slow: Transport = async (request) => {
    await clock.sleep(40);
    return transport(request);
  };
  const send = followRedirects(observe(slow, (event) => events.push(event), clock));
  const url = new URL('https://registry.test/v2/r/blobs/x?sig=canary');
  await (await send({ method: 'GET', url, headers: {} })).discard();
  const told = { type: 'request', method: 'GET', duration: 40 };
  expect(events).toEqual([
    { ...told, url: 'https://registry.test/v2/r/blobs/x?sig=…', kind: 'blob', status: 307 },
    { ...told, url: 'https://cdn.test/y?key=…', kind: 'other', status: 404 },
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
