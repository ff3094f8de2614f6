import { expect, onTestFinished, test } from 'vitest';
import { collect, openable } from '../../src/registry/index.ts';
import {
  followRedirects,
  undiciTransport,
  type Transport,
  type UndiciOptions,
} from '../../src/transport/index.ts';
import { freePort, httpServer } from './server.ts';
import { proxyServer } from './proxy-server.ts';
import { pem, secureServer, wantsClientCertificate } from './secure-server.ts';

// Names that nobody knows but the proxies of these tests: what answers to them was reached through one.
const REGISTRY = 'https://registry.test/v2/';
const OTHER = 'https://other.test/';
const trusted = { ca: [pem('ca.pem')] };
const client = { certificate: pem('client.pem'), key: pem('client.key') };

function transport(options: UndiciOptions): Transport {
  const { send, close } = undiciTransport({ tls: () => trusted, ...options });
  onTestFinished(close);
  return send;
}

async function read(send: Transport, url: string): Promise<string> {
  const { body } = await send({ method: 'GET', url: new URL(url), headers: { 'x-asked': 'yes' } });
  return Buffer.from(await collect(body)).toString();
}

test("by https through a tunnel, whose TLS is the registry's own", async () => {
  const registry = await secureServer((request, response) =>
    response.end(`${request.url} ${request.headers.host} ${request.headers['x-asked']?.toString()}`),
  );
  const proxy = await proxyServer({ ports: { 'registry.test:443': registry.port } });
  const send = transport({ environment: { HTTPS_PROXY: proxy.url.href } });
  expect(await read(send, REGISTRY)).toBe('/v2/ registry.test yes');
  expect(await read(send, REGISTRY)).toBe('/v2/ registry.test yes');
  // The tunnel is used again, if it is free by then.
  expect(proxy.asked.length).toBeLessThanOrEqual(2);
  expect(proxy.asked[0]).toBe('CONNECT registry.test:443 -');
});

test('by http the proxy is given the request itself', async () => {
  const registry = await httpServer((request, response) => {
    request.setEncoding('utf8').on('data', (text) => response.write(text));
    request.on('end', () => response.end(`${request.url} ${request.headers.host}`));
  });
  const proxy = await proxyServer({ ports: { 'registry.test:5000': Number(registry.url.port) } });
  proxy.url.username = 'user';
  proxy.url.password = 'p%40ss';
  const send = transport({ environment: { http_proxy: proxy.url.href } });
  const url = new URL('http://registry.test:5000/v2/x?y=z');
  const { status, body } = await send({
    method: 'PUT',
    url,
    headers: {},
    body: openable(Buffer.from('hi ')),
  });
  expect([status, Buffer.from(await collect(body)).toString()]).toEqual([
    200,
    'hi /v2/x?y=z registry.test:5000',
  ]);
  expect(proxy.asked).toEqual([`PUT ${url.href} Basic ${btoa('user:p@ss')}`]);
});

test('the login of the proxy goes to the proxy, and to nobody else', async () => {
  const seen: unknown[] = [];
  const registry = await secureServer((request, response) => {
    seen.push(request.headers['proxy-authorization'], request.headers.authorization);
    response.end();
  });
  const proxy = await proxyServer({ ports: { 'registry.test:443': registry.port } });
  proxy.url.username = 'user';
  const send = transport({ proxy: () => proxy.url });
  await read(send, REGISTRY);
  expect(proxy.asked).toEqual([`CONNECT registry.test:443 Basic ${btoa('user:')}`]);
  expect(seen).toEqual([undefined, undefined]);
});

test('[A9] a client certificate is shown at the end of its own tunnel alone', async () => {
  const wants = { ...wantsClientCertificate(), rejectUnauthorized: false };
  const other = await secureServer(undefined, wants);
  const registry = await secureServer(
    (_, response) => response.writeHead(307, { location: OTHER }).end(),
    wants,
  );
  const proxy = await proxyServer({
    ports: { 'registry.test:443': registry.port, 'other.test:443': other.port },
  });
  const send = transport({
    proxy: () => proxy.url,
    tls: (origin) => ({
      ...trusted,
      ...(origin === new URL(REGISTRY).origin && { clientCertificate: client }),
    }),
  });
  expect(await read(followRedirects(send), REGISTRY)).toBe('hello');
  expect(registry.clients).toEqual(['Stowage test client']);
  expect(other.clients).toEqual([undefined]);
  expect(proxy.asked).toEqual(['CONNECT registry.test:443 -', 'CONNECT other.test:443 -']);
});

test('a proxy that speaks TLS is trusted by the roots of all, not by what is set for the registry', async () => {
  const registry = await secureServer();
  const proxy = await proxyServer({ ports: { 'registry.test:443': registry.port }, secure: true });
  await expect(read(transport({ proxy: () => proxy.url, environment: {} }), REGISTRY)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  const environment = { SSL_CERT_FILE: new URL('certificates/ca.pem', import.meta.url).pathname };
  const send = transport({ proxy: () => proxy.url, environment, tls: () => undefined });
  expect(await read(send, REGISTRY)).toBe('hello');
});

test('a certificate is checked against the name of the registry, also at the end of a tunnel', async () => {
  const registry = await secureServer(undefined, { certificate: 'misnamed' });
  const proxy = await proxyServer({ ports: { 'registry.test:443': registry.port } });
  await expect(read(transport({ proxy: () => proxy.url }), REGISTRY)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('is not for registry.test, but for DNS:elsewhere.test'),
  });
  await expect(
    read(transport({ proxy: () => proxy.url, tls: () => undefined }), REGISTRY),
  ).rejects.toMatchObject({ message: expect.stringContaining('/etc/docker/certs.d/registry.test/ca.crt') });
});

test.each([
  ['nothing, but closes', 'close', 'the connection broke'],
  ['that it wants a login', 407, 'wants a login: put it into the proxy'],
  ['that it does not want to', 403, 'refused, with 403'],
] as const)(
  'a proxy answers %s: said once, with the proxy, and not asked again',
  async (_, refuse, words) => {
    const proxy = await proxyServer({ ports: {}, refuse });
    await expect(read(transport({ proxy: () => proxy.url }), REGISTRY)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(words),
    });
    expect(proxy.asked).toEqual(['CONNECT registry.test:443 -']);
  },
);

test.each(['http://registry.test/', REGISTRY])(
  'a login that the proxy does not take is not shown: %s',
  async (url) => {
    const proxy = await proxyServer({ ports: {}, refuse: 407 });
    proxy.url.username = 'user';
    proxy.url.password = 'canary';
    const failed = await read(transport({ proxy: () => proxy.url }), url).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`the proxy ${proxy.url.host} does not take the login`),
    });
    expect(String(failed)).not.toMatch(/canary|user/);
  },
);

test.each(['http://registry.test/', REGISTRY])(
  'a login with a lonely "%%" is told, and not shown: %s',
  async (url) => {
    for (const login of ['user:100%canary', '%canary:password']) {
      const environment = {
        http_proxy: `http://${login}@proxy.test:3128`,
        https_proxy: `${login}@proxy.test:3128`,
      };
      const failed = await read(transport({ environment }), url).catch((error: unknown) => error);
      expect(failed).toMatchObject({
        code: 'SETTINGS_INVALID',
        message: expect.stringMatching(
          /^the login in the URL of the proxy proxy.test:3128 has a "%" without/,
        ),
      });
      expect(String(failed)).not.toMatch(/canary|user/);
    }
  },
);

test.each(['http://registry.test/', REGISTRY])(
  'no proxy listens: said with its address, for %s',
  async (url) => {
    const proxy = new URL(`http://user:canary@127.0.0.1:${await freePort()}`);
    await expect(read(transport({ proxy: () => proxy }), url)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `GET ${url}: nothing listens on ${proxy.host}, the proxy`,
    });
  },
);

test('abort while the proxy does not answer', async () => {
  const silent = await httpServer(() => {});
  const reason = new Error('enough');
  const stop = new AbortController();
  const send = transport({ proxy: () => silent.url });
  const sent = send({ method: 'GET', url: new URL(REGISTRY), headers: {}, signal: stop.signal });
  setTimeout(() => stop.abort(reason), 20);
  await expect(sent).rejects.toBe(reason);
});
