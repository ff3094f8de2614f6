/** Attacks by where a registry sends its client: realms, redirects, locations, links and foreign layers. */
import { describe, expect, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { scripted, type Exchange } from '../../src/testing/index.ts';
import { all, config, hello, manifest } from '../client/talk.ts';
import { refusal, someone, wantsPassword } from './hostile.ts';

const blob = `/v2/r/blobs/${hello.digest}`;
const read = async (registry: RegistryClient) => (await registry.getBlob('r', hello.digest)).bytes();
const push = (registry: RegistryClient) => registry.pushBlob('r', hello.descriptor, hello.bytes);

/** The addresses of a network that a registry outside of it has no business in, as attackers spell them. */
const inside: readonly (readonly [what: string, host: string])[] = [
  ['this machine', 'localhost'],
  ['this machine, with the dot of the root', 'localhost.'],
  ['this machine by number', '127.0.0.1'],
  ['this machine in two parts', '127.1'],
  ['this machine in hexadecimal', '0x7f000001'],
  ['this machine in octal', '017700000001'],
  ['this machine as one number', '2130706433'],
  ['any address', '0.0.0.0'],
  ['any address of IPv6', '[::]'],
  ['IPv6', '[::1]'],
  ['IPv4 in IPv6', '[::ffff:127.0.0.1]'],
  ['IPv4 behind NAT64', '[64:ff9b::7f00:1]'],
  ["a cloud's metadata", '169.254.169.254'],
  ["a cloud's metadata in IPv6", '[fd00:ec2::254]'],
  ['a private network', '10.0.0.1'],
  ['the network of a carrier', '100.64.0.1'],
];

describe.each(inside)('%s (%s)', (_, host) => {
  test('[A7] as a redirect of a blob', async () => {
    const error = await refusal(
      [{ request: `GET ${blob}`, answer: { status: 307, headers: { location: `https://${host}/x?sig=s` } } }],
      read,
    );
    expect(error).toMatchObject({ code: 'REDIRECT_REFUSED' });
    expect(error.message).toContain('it points into an internal network');
  });

  test('[A4, A7] as the place of an upload', async () => {
    const error = await refusal(
      [
        {
          request: 'POST /v2/r/blobs/uploads/',
          answer: { status: 202, headers: { location: `https://${host}/upload` } },
        },
      ],
      push,
    );
    expect(error).toMatchObject({ code: 'LOCATION_INVALID' });
    expect(error.message).toContain('it points into an internal network');
  });

  test('[A3, A7] as a token server, also for nobody', async () => {
    const challenge = { 'www-authenticate': `Bearer realm="https://${host}/token",service="s"` };
    for (const options of [{}, { credentials: async () => undefined }]) {
      const error = await refusal(
        [{ request: `GET ${blob}`, answer: { status: 401, headers: challenge } }],
        read,
        options,
      );
      expect(error).toMatchObject({ code: 'AUTH_REALM_REFUSED' });
      expect(error.message).toContain('it points into an internal network');
    }
  });

  test('[A5, A7] as the next page', async () => {
    const link = { link: `<https://${host}/v2/r/tags/list?last=1>; rel="next"` };
    const error = await refusal(
      [{ request: 'GET /v2/r/tags/list?n=1000', answer: { headers: link, body: '{"tags":["1"]}' } }],
      (registry) => all(registry.tags('r')),
    );
    expect(error).toMatchObject({ code: 'PAGINATION_REFUSED' });
    expect(error.message).toContain('the link to the next page leads to');
  });
});

test.each([
  ['a token server on another site', 'https://evil.test/token', 'is on another site'],
  ['one whose name begins like ours', 'https://registry.test.evil.test/token', 'is on another site'],
  ['one without TLS', 'http://registry.test/token', 'it leaves TLS'],
  ['one with a user', 'https://registry.test@evil.test/token', 'it carries a user'],
])('[A3] %s gets no password', async (_, realm, why) => {
  const headers = { 'www-authenticate': `Bearer realm="${realm}",service="s"` };
  const error = await refusal([{ request: `GET ${blob}`, answer: { status: 401, headers } }], read);
  expect(error).toMatchObject({ code: 'AUTH_REALM_REFUSED' });
  expect(error.message).toContain(why);
});

test('[A2] what a redirect leads to asks for a token, and gets none', async () => {
  const challenge = {
    'www-authenticate':
      'Bearer realm="https://evil.test/token",service="registry.test",scope="repository:r:pull"',
  };
  const error = await refusal(
    [
      wantsPassword(`GET ${blob}`),
      {
        request: `GET ${blob}`,
        headers: { authorization: /^Basic / },
        answer: { status: 307, headers: { location: 'https://evil.test/x' } },
      },
      {
        request: 'GET https://evil.test/x',
        headers: { authorization: undefined },
        answer: { status: 401, headers: challenge },
      },
    ],
    read,
  );
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', url: 'https://evil.test/x' });
});

test('[A2] nor does another port of the same host', async () => {
  const away = 'https://registry.test:8443/x';
  const error = await refusal(
    [
      wantsPassword(`GET ${blob}`),
      { request: `GET ${blob}`, answer: { status: 302, headers: { location: away } } },
      wantsPassword(`GET ${away}`),
    ],
    read,
  );
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', url: away });
});

test('[A4] an upload that goes on elsewhere goes without authorization', async () => {
  const away = 'https://storage.test/upload?sig=s';
  const error = await refusal(
    [
      wantsPassword('POST /v2/r/blobs/uploads/'),
      {
        request: 'POST /v2/r/blobs/uploads/',
        headers: { authorization: /^Basic / },
        answer: { status: 202, headers: { location: away } },
      },
      {
        request: `PUT ${away}&digest=${hello.digest}`,
        headers: { authorization: undefined },
        answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
      },
      { request: `DELETE ${away}`, headers: { authorization: undefined }, answer: { status: 204 } },
    ],
    push,
  );
  expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
});

test.each([
  ['another host', 'https://evil.test/v2/r/tags/list?last=1'],
  ['another host, by a path with two slashes', '//evil.test/v2/r/tags/list'],
  ['another port', 'https://registry.test:8443/v2/r/tags/list'],
  ['no TLS', 'http://registry.test/v2/r/tags/list?last=1'],
])('[A5] the next page on %s is not asked for', async (_, target) => {
  const error = await refusal(
    [
      {
        request: 'GET /v2/r/tags/list?n=1000',
        answer: { headers: { link: `<${target}>; rel="next"` }, body: '{"tags":["1"]}' },
      },
    ],
    (registry) => all(registry.tags('r')),
  );
  expect(error).toMatchObject({ code: 'PAGINATION_REFUSED' });
  expect(error.message).toContain('the link to the next page leads to');
});

test.each([
  [
    'a redirect',
    { request: `GET ${blob}`, answer: { status: 307, headers: { location: 'http://registry.test/x' } } },
    read,
  ],
  [
    'the place of an upload',
    {
      request: 'POST /v2/r/blobs/uploads/',
      answer: { status: 202, headers: { location: 'http://registry.test/u' } },
    },
    push,
  ],
] as const)('[A8] %s does not lead out of TLS', async (_, row, act) => {
  const error = await refusal([row], act);
  expect(error.message).toContain('it leaves TLS');
});

test.each(['127.0.0.1.evil.test', 'localhost.evil.test', 'printer.local', 'registry.localhost', '0.0.0.0'])(
  '[A8] %s is spoken to by TLS, and by nothing else if that fails',
  async (host) => {
    const { transport, done } = scripted([
      { request: `HEAD https://${host}/v2/r/manifests/1`, answer: { reset: true } },
    ]);
    const registry = registryClient(host, { transport, retries: 0 });
    await expect(registry.resolveManifest('r', '1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    done();
  },
);

test('[A10] cookies are not kept, line breaks in an address are none in a request', async () => {
  const location = '/v2/r/x\r\nX-Injected: yes';
  const { transport, requests, done } = scripted([
    { request: `GET ${blob}`, answer: { status: 307, headers: { location, 'set-cookie': 'session=s' } } },
    {
      request: 'GET /v2/r/xX-Injected:%20yes',
      headers: { cookie: undefined, 'x-injected': undefined },
      answer: { body: 'hello', headers: { 'content-length': '5' } },
    },
  ]);
  const registry = registryClient('registry.test', { ...someone, transport });
  await read(registry);
  done();
  for (const { url } of requests) expect(url.href).not.toMatch(/[\r\n]/);
});

test.each([
  ['a reference', (registry: RegistryClient) => registry.getManifest('r', '1\r\nX-Injected'), 'TAG_INVALID'],
  ['a name', (registry: RegistryClient) => registry.getManifest('r\r\nHost: evil.test', '1'), 'NAME_INVALID'],
  [
    'a name that is another host',
    (registry: RegistryClient) => registry.getManifest('/evil.test/r', '1'),
    'NAME_INVALID',
  ],
] as const)('[A10] %s with what belongs elsewhere is not sent', async (_, act, code) => {
  const error = await refusal([], act);
  expect(error).toMatchObject({ code });
  expect(error.message).toMatch(/invalid|not a/);
});

describe('[A1, A6] addresses in descriptors', () => {
  const away = ['https://evil.test/layer', 'https://169.254.169.254/latest/meta-data/', 'file:///etc/passwd'];
  const image = (mediaType: string) =>
    manifest({ config: config.descriptor, layers: [{ ...hello.descriptor, mediaType, urls: away }] });
  const rows = (bytes: Uint8Array): readonly Exchange[] => [
    {
      request: 'GET /v2/r/manifests/1',
      answer: { headers: { 'content-type': mediaTypes.ociManifest }, body: bytes },
    },
    {
      request: `GET /v2/r/blobs/${config.digest}`,
      answer: { body: config.bytes, headers: { 'content-length': '2' } },
    },
  ];
  const copied = (registry: RegistryClient) =>
    copy({ registry, repository: 'r', tag: '1' }, { registry: memoryRegistry(), repository: 'r' });

  test('are not asked for a layer that the registry does not have', async () => {
    const { bytes } = image('application/vnd.oci.image.layer.v1.tar+gzip');
    const { transport, requests, done } = scripted(
      [...rows(bytes), { request: `GET ${blob}`, answer: { status: 404 } }],
      { anyOrder: true },
    );
    const registry = registryClient('registry.test', { ...someone, transport });
    await expect(copied(registry)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    done();
    for (const { url } of requests) expect(url.host).toBe('registry.test');
  });

  test('are not asked for layers that may not be distributed: those stay out', async () => {
    const { bytes } = image('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
    const { transport, done } = scripted(rows(bytes));
    await copied(registryClient('registry.test', { ...someone, transport }));
    done();
  });
});
