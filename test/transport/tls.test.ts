import { expect, onTestFinished, test } from 'vitest';
import { collect } from '../../src/registry/index.ts';
import {
  followRedirects,
  undiciTransport,
  type TlsSettings,
  type Transport,
  type UndiciOptions,
} from '../../src/transport/index.ts';
import { httpServer } from './server.ts';
import { pem, pemFile, secureServer, wantsClientCertificate } from './secure-server.ts';

/** Nothing of this machine's, unless a test says so. */
function transport(options: UndiciOptions = {}): Transport {
  const { send, close } = undiciTransport({ environment: {}, ...options });
  onTestFinished(close);
  return send;
}

async function read(send: Transport, url: URL): Promise<string> {
  const { body } = await send({ method: 'GET', url, headers: {} });
  return Buffer.from(await collect(body)).toString();
}

const trusted: TlsSettings = { ca: [pem('ca.pem')] };
const client = { certificate: pem('client.pem'), key: pem('client.key') };
const otherClient = { certificate: pem('other-client.pem'), key: pem('other-client.key') };

test('a CA of our own is trusted where it is set, and is asked for once', async () => {
  const server = await secureServer();
  const asked: string[] = [];
  const send = transport({ tls: (origin) => (asked.push(origin), trusted) });
  expect(await Promise.all([read(send, server.url), read(send, server.url)])).toEqual(['hello', 'hello']);
  expect(asked).toEqual([server.url.origin]);
});

test('an unknown CA: said, with where to put it', async () => {
  const server = await secureServer();
  await expect(read(transport(), server.url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(
      `signed by nobody who is trusted here.*/etc/docker/certs.d/${server.url.host}/ca.crt.*"ca"`,
    ),
  });
});

test('a certificate that has expired, or is for another name: said', async () => {
  const expired = await secureServer(undefined, { certificate: 'expired' });
  await expect(read(transport({ tls: () => trusted }), expired.url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`the certificate of ${expired.url.host} has expired`),
  });
  const misnamed = await secureServer(undefined, { certificate: 'misnamed' });
  await expect(read(transport({ tls: () => trusted }), misnamed.url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/is not for 127\.0\.0\.1, but for DNS:elsewhere\.test/),
  });
});

test('whatever the certificate, where that is asked for', async () => {
  for (const certificate of ['server', 'expired', 'misnamed'] as const) {
    const { url } = await secureServer(undefined, { certificate });
    expect(await read(transport({ tls: () => ({ insecure: true }) }), url)).toBe('hello');
  }
});

test('a server that wants to know who we are by certificate', async () => {
  const server = await secureServer(undefined, wantsClientCertificate());
  const send = transport({ tls: () => ({ ...trusted, clientCertificate: client }) });
  expect(await read(send, server.url)).toBe('hello');
  expect(server.clients).toEqual(['Stowage test client']);
});

test('a server that wants to know who we are, and is not told: said', async () => {
  // A server of TLS 1.3 finds out after the handshake; Node's then closes without a word.
  const { url } = await secureServer(undefined, { ...wantsClientCertificate(), maxVersion: 'TLSv1.2' });
  await expect(read(transport({ tls: () => trusted }), url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('"clientCertificate" in the registry settings'),
  });
});

test('[A9] a client certificate is shown to no other origin, also where a redirect leads there', async () => {
  const other = await secureServer(undefined, { ...wantsClientCertificate(), rejectUnauthorized: false });
  const registry = await secureServer(
    (_, response) => response.writeHead(307, { location: other.url.href }).end(),
    wantsClientCertificate(),
  );
  const send = transport({
    tls: (origin) => ({ ...trusted, ...(origin === registry.url.origin && { clientCertificate: client }) }),
  });
  expect(await read(followRedirects(send), registry.url)).toBe('hello');
  expect(registry.clients).toEqual(['Stowage test client']);
  expect(other.clients).toEqual([undefined]);
});

test('[A8] what is trusted without a look for one origin is not for another', async () => {
  const [careless, careful] = [await secureServer(), await secureServer()];
  const send = transport({
    tls: (origin) => (origin === careless.url.origin ? { insecure: true } : undefined),
  });
  expect(await read(send, careless.url)).toBe('hello');
  await expect(read(send, careful.url)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('[A8] a server that does not speak TLS is not spoken to without', async () => {
  const requests: string[] = [];
  const server = await httpServer((request, response) => {
    requests.push(request.url ?? '');
    response.end();
  });
  const url = new URL(`https://${server.url.host}/`);
  await expect(read(transport({ tls: () => ({ insecure: true }) }), url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`--plain-http ${server.url.host}`),
  });
  expect(requests).toEqual([]);
});

test('no TLS before 1.2', async () => {
  const server = await secureServer(undefined, {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await expect(read(transport({ tls: () => trusted }), server.url)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no TLS from 1.2 on'),
  });
});

test.each([
  ['$SSL_CERT_FILE', { SSL_CERT_FILE: pemFile('ca.pem') }],
  ['$SSL_CERT_DIR', { SSL_CERT_DIR: `/nowhere/at/all:${pemFile('')}` }],
  ['$NODE_EXTRA_CA_CERTS beside $SSL_CERT_FILE', both('other-ca.pem', 'ca.pem')],
])('roots of the environment: %s', async (_, environment) => {
  const server = await secureServer();
  expect(await read(transport({ environment }), server.url)).toBe('hello');
});

function both(file: string, extra: string): Readonly<Record<string, string>> {
  return { SSL_CERT_FILE: pemFile(file), NODE_EXTRA_CA_CERTS: pemFile(extra) };
}

test('a CA of our own comes beside those of $NODE_EXTRA_CA_CERTS, which Node forgets where it is given a list', async () => {
  const server = await secureServer();
  const environment = { NODE_EXTRA_CA_CERTS: pemFile('ca.pem') };
  const tls = (): TlsSettings => ({ ca: [pem('other-ca.pem')] });
  expect(await read(transport({ environment, tls }), server.url)).toBe('hello');
});

test('$SSL_CERT_FILE stands in the place of the other roots', async () => {
  const server = await secureServer();
  const environment = { SSL_CERT_FILE: pemFile('other-ca.pem') };
  await expect(read(transport({ environment }), server.url)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await read(transport({ environment, tls: () => trusted }), server.url)).toBe('hello');
});

test.each([
  ['a file of roots that is not there', { environment: { SSL_CERT_FILE: '/nowhere/ca.pem' } }, 'ENOENT'],
  ['a file of roots without any', { environment: { SSL_CERT_FILE: pemFile('make.sh') } }, 'no certificate'],
  ['a CA that is none', { tls: () => ({ ca: ['not a certificate'] }) }, 'no certificate'],
  [
    'a key that does not fit',
    { tls: () => ({ clientCertificate: { ...client, key: otherClient.key } }) },
    'key values mismatch',
  ],
])('%s: said before anything is sent', async (_, options: UndiciOptions, words) => {
  const server = await secureServer();
  await expect(read(transport(options), server.url)).rejects.toMatchObject({
    code: 'SETTINGS_INVALID',
    message: expect.stringContaining(words),
  });
});

test('settings that could not be had are asked for again', async () => {
  const server = await secureServer();
  let asked = 0;
  const send = transport({
    tls: async () => {
      if (++asked === 1) throw new Error('not yet');
      return trusted;
    },
  });
  await expect(read(send, server.url)).rejects.toThrow('not yet');
  expect(await read(send, server.url)).toBe('hello');
});
