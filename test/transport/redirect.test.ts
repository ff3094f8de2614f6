import { expect, test } from 'vitest';
import { openable } from '../../src/registry/index.ts';
import { followRedirects, type TransportRequest } from '../../src/transport/index.ts';
import { scripted, type Answer, type Exchange } from '../scripted.ts';

const request = (method: string, more: Partial<TransportRequest> = {}): TransportRequest => ({
  method,
  url: new URL('https://registry.test/x'),
  headers: {},
  ...more,
});
const to = (location: string | undefined, status = 307): Answer => ({
  status,
  headers: { location },
  body: 'moved',
});

async function play(
  rows: readonly Exchange[],
  sent: TransportRequest,
): Promise<{ status: number; url: string }> {
  const { transport, done } = scripted(rows);
  try {
    const response = await followRedirects(transport)(sent);
    await response.discard();
    return { status: response.status, url: response.url.href };
  } finally {
    done();
  }
}

test('to the same origin: everything goes along', async () => {
  const headers = { authorization: 'Bearer t', 'x-ours': '1', range: 'bytes=0-1' };
  const answer = await play(
    [
      { request: 'GET /x', answer: to('/y?sig=a%2Bb') },
      { request: 'GET /y?sig=a%2Bb', headers },
    ],
    request('GET', { headers }),
  );
  expect(answer).toEqual({ status: 200, url: 'https://registry.test/y?sig=a%2Bb' });
});

test('to another origin: what the request is about goes along, who asks does not', async () => {
  const about = { accept: 'a/b', 'accept-encoding': 'identity', range: 'bytes=0-1', 'user-agent': 'u' };
  const who = { authorization: 'Bearer t', 'x-ours': '1', cookie: 'c', 'proxy-authorization': 'p' };
  const gone = Object.fromEntries(Object.keys(who).map((name) => [name, undefined]));
  for (const away of ['https://cdn.test/y', 'https://registry.test:8443/y']) {
    await play(
      [
        { request: 'GET /x', headers: { ...about, ...who }, answer: to(away) },
        { request: `GET ${away}`, headers: { ...about, ...gone }, answer: to('https://registry.test/z') },
        // Not picked up again on the way back either.
        { request: 'GET /z', headers: { ...about, ...gone } },
      ],
      request('GET', { headers: { ...about, ...who } }),
    );
  }
});

test.each(['PUT', 'PATCH', 'POST'])('%s: the body is sent again, in its place', async (method) => {
  const headers = { 'content-type': 'a/b', 'content-range': '5-9' };
  const row = { headers: { ...headers, 'content-length': '5' }, body: 'hello' };
  await play(
    [
      { ...row, request: `${method} /x`, answer: to('https://storage.test/y', 308) },
      { ...row, request: `${method} https://storage.test/y` },
    ],
    request(method, { headers, body: openable(Buffer.from('hello')) }),
  );
});

test('a body that cannot be sent again is not', async () => {
  const body = openable(
    (async function* () {
      yield Buffer.from('hello');
    })(),
  );
  await expect(
    play([{ request: 'PUT /x', answer: to('/y') }], request('PUT', { body })),
  ).rejects.toMatchObject({ code: 'REDIRECT_REFUSED', status: 307, method: 'PUT' });
});

test.each([301, 302, 303])('%i on GET and HEAD is followed, on others it is an answer', async (status) => {
  for (const method of ['GET', 'HEAD'])
    expect(
      await play(
        [{ request: `${method} /x`, answer: to('/y', status) }, { request: `${method} /y` }],
        request(method),
      ),
    ).toMatchObject({ status: 200 });
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    expect(
      await play([{ request: `${method} /x`, answer: to('/y', status) }], request(method)),
    ).toMatchObject({ status });
});

test('300 and 304 are answers', async () => {
  for (const status of [300, 304])
    expect(await play([{ request: 'GET /x', answer: to('/y', status) }], request('GET'))).toMatchObject({
      status,
    });
});

test('ten hops are followed, eleven are not', async () => {
  const hops = (count: number): Exchange[] =>
    Array.from({ length: count }, (_, at) => ({
      request: `GET /${at === 0 ? 'x' : at}`,
      answer: to(`/${at + 1}`),
    }));
  await play([...hops(10), { request: 'GET /10' }], request('GET'));
  await expect(play(hops(11), request('GET'))).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
});

test.each([
  ['nowhere', undefined],
  ['out of TLS', 'http://registry.test/y'],
  ['a file', 'file:///etc/passwd'],
  ['with a user', 'https://u:p@registry.test/'],
  ['into a network', 'https://169.254.169.254/latest'],
])('%s: refused', async (_, location) => {
  await expect(play([{ request: 'GET /x', answer: to(location) }], request('GET'))).rejects.toMatchObject({
    code: 'REDIRECT_REFUSED',
    url: 'https://registry.test/x',
  });
});
