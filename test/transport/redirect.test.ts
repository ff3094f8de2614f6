import { expect, test } from 'vitest';
import { openable } from '../../src/registry/index.ts';
import { followRedirects, type TransportRequest } from '../../src/transport/index.ts';
import { scripted, type Answer, type Exchange } from '../../src/testing/index.ts';

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

test('[row 39] [A2] [A9] [A10] C10: to another origin goes what the request is about, and not who asks', async () => {
  const about = { accept: 'a/b', 'accept-encoding': 'identity', range: 'bytes=0-1', 'user-agent': 'u' };
  const who = { authorization: 'Bearer t', 'x-ours': '1', cookie: 'c', 'proxy-authorization': 'p' };
  const gone = Object.fromEntries(Object.keys(who).map((name) => [name, undefined]));
  for (const away of ['https://cdn.test/y', 'https://registry.test:8443/y', 'https://registry.test.evil/y']) {
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

test('[row 41] ten hops are followed, eleven are not', async () => {
  const hops = (count: number): Exchange[] =>
    Array.from({ length: count }, (_, at) => ({
      request: `GET /${at === 0 ? 'x' : at}`,
      answer: to(`/${at + 1}`),
    }));
  await play([...hops(10), { request: 'GET /10' }], request('GET'));
  await expect(play(hops(11), request('GET'))).rejects.toMatchObject({
    code: 'REDIRECT_REFUSED',
    message: 'more than 10 redirects from registry.test',
  });
});

test('[row 40] on the same domain, a host of its own, and another port, are others: they are not told who asks', async () => {
  for (const away of [
    'https://storage.registry.test/y?X-Sig=a%2Bb',
    'https://registry.test:444/y?X-Sig=a%2Bb',
  ])
    await play(
      [
        { request: 'GET /x', headers: { authorization: 'Bearer t' }, answer: to(away) },
        // The signature goes as it came.
        { request: `GET ${away}`, headers: { authorization: undefined } },
      ],
      request('GET', { headers: { authorization: 'Bearer t' } }),
    );
});

test('[row 42] [A8] from https to http nothing is sent, credentials or not, also later on the way', async () => {
  for (const headers of [{}, { authorization: 'Bearer t' }]) {
    for (const away of ['http://registry.test/y', 'http://cdn.test/y', 'HTTP://cdn.test:443/y', 'http:/y'])
      await expect(
        play([{ request: 'GET /x', answer: to(away) }], request('GET', { headers })),
      ).rejects.toMatchObject({
        code: 'REDIRECT_REFUSED',
        message: expect.stringContaining('it leaves TLS'),
      });
    await expect(
      play(
        [
          { request: 'GET /x', answer: to('https://cdn.test/y') },
          { request: 'GET https://cdn.test/y', answer: to('http://registry.test/z') },
        ],
        request('GET', { headers }),
      ),
    ).rejects.toMatchObject({ message: expect.stringContaining('it leaves TLS') });
  }
});

test('[A10] what cookies a server sets on the way, nobody gets', async () => {
  const cookie = { 'set-cookie': ['a=1; Domain=test', 'b=2'] };
  await play(
    [
      { request: 'GET /x', answer: { ...to('/y'), headers: { location: '/y', ...cookie } } },
      { request: 'GET /y', headers: { cookie: undefined }, answer: to('https://cdn.test/z') },
      { request: 'GET https://cdn.test/z', headers: { cookie: undefined } },
    ],
    request('GET'),
  );
});

test('[A10] an address with line breaks adds no field, and one of two slashes is a host, not a path', async () => {
  await play(
    [
      {
        request: 'GET /x',
        headers: { authorization: 'Bearer t' },
        answer: to('/y\r\nauthorization: Bearer u'),
      },
      { request: 'GET /yauthorization:%20Bearer%20u', answer: to('//cdn.test/z') },
      { request: 'GET https://cdn.test/z', headers: { authorization: undefined } },
    ],
    request('GET', { headers: { authorization: 'Bearer t' } }),
  );
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
