import { describe, expect, test } from 'vitest';
import type { RegistrySettings } from '../../src/settings/index.ts';
import type { TlsSettings } from '../../src/transport/index.ts';
import { pem } from '../transport/secure-server.ts';
import { home } from './folder.ts';

/** What a client is told of an origin. */
async function tlsOf(settings: Pick<RegistrySettings, 'connections'>, origin: string): Promise<TlsSettings> {
  return (await settings.connections.tls?.(origin)) ?? {};
}
/** Which files of test/transport/certificates it is. */
const nameOf = (text: string | undefined): string | undefined =>
  ['ca.pem', 'other-ca.pem', 'client.pem', 'other-client.pem'].find((name) => pem(name) === text);
const caOf = async (settings: RegistrySettings, origin: string): Promise<string | undefined> =>
  nameOf((await tlsOf(settings, origin)).ca?.join(''));

describe('which entry is for a registry', () => {
  test('what is set for it is given in the form in which clients take it', async () => {
    const { of } = await home().settings({
      registries: {
        'r.test:5000': {
          plainHttp: true,
          rate: { requests: 300, seconds: 60, burst: 30 },
          concurrency: 8,
          idleTimeout: 5,
          chunkSize: 1000,
          singlePost: true,
          allowRealms: ['auth.test'],
        },
      },
    });
    expect(of('r.test:5000')).toMatchObject({
      plainHttp: true,
      pace: { rate: { requests: 300, seconds: 60, burst: 30 }, concurrency: 8 },
      connections: { idleTimeout: 5000 },
      chunkSize: 1000,
      singlePost: true,
      allowRealms: ['auth.test'],
      mirrors: [],
    });
    expect(of('r.test')).toMatchObject({ pace: {}, mirrors: [] });
    expect(of('r.test')).not.toHaveProperty('plainHttp');
  });

  test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com', 'Docker.io'])(
    '%s is Docker Hub',
    async (key) => {
      const { of } = await home().settings({ registries: { [key]: { concurrency: 3 } } });
      for (const host of ['docker.io', 'index.docker.io', 'registry-1.docker.io'])
        expect(of(host).pace, host).toEqual({ concurrency: 3 });
    },
  );

  test('its own, else the longest pattern', async () => {
    const { of } = await home().settings({
      registries: {
        '*.test': { concurrency: 1 },
        '*.b.test': { concurrency: 2 },
        'c.b.test': { concurrency: 3 },
        '*.test:5000': { concurrency: 4 },
      },
    });
    const concurrency = (host: string): number | undefined => of(host).pace.concurrency;
    expect(
      ['a.test', 'b.test', 'a.b.test', 'a.a.b.test', 'c.b.test', 'C.B.test:443'].map(concurrency),
    ).toEqual([1, 1, 2, 2, 3, 3]);
    // A port is part of the name, and `*` stands for something.
    expect(['a.b.test:5000', 'a.test:6000', 'test'].map(concurrency)).toEqual([4, undefined, undefined]);
  });

  test('the defaults, as far as it says nothing', async () => {
    const { of } = await home().settings({
      defaults: { concurrency: 4, idleTimeout: 7 },
      registries: { 'r.test': { concurrency: 9, mirrors: [{ url: 'https://m.test', concurrency: 2 }] } },
    });
    expect(of('r.test')).toMatchObject({ pace: { concurrency: 9 }, connections: { idleTimeout: 7000 } });
    expect(of('r.test').mirrors).toMatchObject([
      { pace: { concurrency: 2 }, connections: { idleTimeout: 7000 } },
    ]);
    expect(of('other.test').pace).toEqual({ concurrency: 4 });
  });
});

describe('mirrors', () => {
  test('in the order of the file', async () => {
    const { of } = await home().settings({
      registries: {
        'docker.io': {
          url: 'https://hub.test/v/',
          mirrors: [
            { url: 'https://a.test:5000/prefix/', namespace: true },
            { url: 'http://b.test', fallback: 'unavailable', repositoryPrefix: 'hub' },
          ],
        },
      },
    });
    const { url, mirrors } = of('index.docker.io');
    expect(url?.href).toBe('https://hub.test/v/');
    expect(mirrors).toMatchObject([
      { name: 'a.test:5000/prefix', fallback: 'missing', namespace: 'docker.io' },
      { name: 'b.test', fallback: 'unavailable', repositoryPrefix: 'hub' },
    ]);
    expect(mirrors.map((mirror) => mirror.url.href)).toEqual([
      'https://a.test:5000/prefix/',
      'http://b.test/',
    ]);
    expect(mirrors[1]).not.toHaveProperty('namespace');
  });

  test('of a pattern, each is told which registry is meant', async () => {
    const mirrors = [{ url: 'https://proxy.test', namespace: true }];
    const { of } = await home().settings({ registries: { '*.test': { mirrors } } });
    expect(of('a.test').mirrors[0]?.namespace).toBe('a.test');
    expect(of('b.test:443').mirrors[0]?.namespace).toBe('b.test');
  });

  test.each([
    ['https://hub-proxy.test', 'https://hub-proxy.test/'],
    ['https://proxy.test/hub/', 'https://proxy.test/hub/'],
    ['hub-proxy.test:5000', 'https://hub-proxy.test:5000/'],
    ['http://localhost:5000', 'http://localhost:5000/'],
  ])('$DOCKERHUB_PUBLIC_PROXY=%s knows all of Docker Hub', async (value, url) => {
    const { of } = await home().settings(undefined, { DOCKERHUB_PUBLIC_PROXY: value });
    expect(of('docker.io').mirrors).toMatchObject([{ fallback: 'never' }]);
    expect(of('docker.io').mirrors[0]?.url.href).toBe(url);
    expect(of('r.test').mirrors).toEqual([]);
  });

  test('what the file says of the mirrors of Docker Hub counts before it, also that there are none', async () => {
    const environment = { DOCKERHUB_PUBLIC_PROXY: 'https://proxy.test' };
    const mirrorsOf = async (entry: object): Promise<readonly string[]> => {
      const { of } = await home().settings({ registries: { 'docker.io': entry } }, environment);
      return of('docker.io').mirrors.map(({ name }) => name);
    };
    expect(await mirrorsOf({ concurrency: 3 })).toEqual(['proxy.test']);
    expect(await mirrorsOf({ mirrors: [{ url: 'https://m.test' }] })).toEqual(['m.test']);
    expect(await mirrorsOf({ mirrors: [] })).toEqual([]);
  });

  test.each([
    'https://user:canary@proxy.test',
    'https://proxy.test?x=canary',
    'ftp://canary.test',
    'https://',
  ])('$DOCKERHUB_PUBLIC_PROXY=%s is refused when Docker Hub is asked for, and not shown', async (value) => {
    const { of } = await home().settings(undefined, { DOCKERHUB_PUBLIC_PROXY: value });
    expect(of('r.test').mirrors).toEqual([]);
    expect(() => of('docker.io')).toThrow('$DOCKERHUB_PUBLIC_PROXY is not the URL of a registry');
    expect(() => of('docker.io')).not.toThrow('canary');
  });
});

describe('certificates of the file', () => {
  const clientCertificate = { certificate: 'c.pem', key: 'c.key' };

  test('are relative to it, and read when they are needed', async () => {
    const there = home();
    const { of } = await there.settings({
      registries: { 'r.test': { ca: 'tls/ca.pem', clientCertificate, skipTlsVerification: true } },
    });
    there.certificates({ 'tls/ca.pem': 'ca.pem', 'c.pem': 'client.pem', 'c.key': 'client.key' });
    expect(await tlsOf(of('r.test'), 'https://r.test')).toEqual({
      ca: [pem('ca.pem')],
      clientCertificate: { certificate: pem('client.pem'), key: pem('client.key') },
      insecure: true,
    });
  });

  test.each([
    ['ca', { ca: 'no.pem' }],
    ['clientCertificate/certificate', { clientCertificate }],
    ['ca', { mirrors: [{ url: 'https://m.test', ca: 'no.pem' }] }],
  ])('%s that is not there: said with its place in the file', async (place, entry) => {
    const there = home();
    const { of } = await there.settings({ registries: { 'r.test': entry } });
    const mirror = 'mirrors' in entry;
    const asked = mirror ? of('r.test').mirrors[0] : of('r.test');
    const pointer = `/registries/r.test${mirror ? '/mirrors/0' : ''}/${place}`;
    await expect(
      tlsOf(asked ?? of('r.test'), mirror ? 'https://m.test' : 'https://r.test'),
    ).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining(`${there.at('registries.json')}: ${pointer}: there is no file `),
    });
  });

  test('[A9] are for the registry alone, and not for where it sends us', async () => {
    const there = home();
    there.certificates({ 'c.pem': 'client.pem', 'c.key': 'client.key', 'ca.pem': 'ca.pem' });
    const { of } = await there.settings({
      registries: { 'r.test': { ca: 'ca.pem', clientCertificate, skipTlsVerification: true } },
    });
    for (const origin of ['https://auth.r.test', 'https://r.test:5000', 'https://cdn.test'])
      expect(await tlsOf(of('r.test'), origin), origin).toEqual({});
    // Whoever leads there.
    expect(await tlsOf(of('other.test'), 'https://r.test')).toHaveProperty('clientCertificate');
  });

  test('[A9] of a registry that is elsewhere are for there, and not for its name', async () => {
    const there = home();
    there.certificates({ 'ca.pem': 'ca.pem' });
    const { of } = await there.settings({
      registries: { 'docker.io': { url: 'https://hub.test', ca: 'ca.pem' } },
    });
    expect(await caOf(of('docker.io'), 'https://hub.test')).toBe('ca.pem');
    expect(await caOf(of('docker.io'), 'https://registry-1.docker.io')).toBe(undefined);
    expect(await caOf(of('r.test'), 'https://registry-1.docker.io')).toBe(undefined);
  });

  test('of Docker Hub are for the host that answers for it', async () => {
    const there = home();
    there.certificates({ 'ca.pem': 'ca.pem' });
    const { of } = await there.settings({ registries: { 'docker.io': { ca: 'ca.pem' } } });
    expect(await caOf(of('docker.io'), 'https://registry-1.docker.io')).toBe('ca.pem');
    expect(await caOf(of('docker.io'), 'https://auth.docker.io')).toBe(undefined);
  });

  test('a token server has its own, or those of a pattern that both are in', async () => {
    const there = home();
    there.certificates({ 'ca.pem': 'ca.pem' });
    const { of } = await there.settings({ registries: { '*.corp.test': { ca: 'ca.pem' } } });
    expect(await caOf(of('r.corp.test'), 'https://r.corp.test')).toBe('ca.pem');
    expect(await caOf(of('r.corp.test'), 'https://auth.corp.test')).toBe('ca.pem');
  });

  test('of a mirror count before those of its host, field by field', async () => {
    const there = home();
    there.certificates({
      'a.pem': 'ca.pem',
      'b.pem': 'other-ca.pem',
      'c.pem': 'client.pem',
      'c.key': 'client.key',
    });
    const { of } = await there.settings({
      registries: {
        'r.test': { mirrors: [{ url: 'https://m.test/hub', ca: 'a.pem' }] },
        'm.test': { ca: 'b.pem', clientCertificate },
      },
    });
    const [mirror] = of('r.test').mirrors;
    const { ca, clientCertificate: client } = await tlsOf(mirror ?? of('r.test'), 'https://m.test');
    expect([nameOf(ca?.join('')), nameOf(client?.certificate)]).toEqual(['ca.pem', 'client.pem']);
    expect(await caOf(of('m.test'), 'https://m.test')).toBe('other-ca.pem');
  });
});

describe('folders of certificates', () => {
  const files = { 'client.cert': 'client.pem', 'client.key': 'client.key', 'ca.crt': 'ca.pem' };
  const inFolder = (folder: string, some: Readonly<Record<string, string>> = files): Record<string, string> =>
    Object.fromEntries(Object.entries(some).map(([to, from]) => [`${folder}/${to}`, from]));

  test('each .crt is a CA, and the .cert with its .key is ours', async () => {
    const there = home();
    there.certificates(
      inFolder('certs.d/r.test:5000', { ...files, 'other.crt': 'other-ca.pem', 'README.md': 'make.sh' }),
    );
    const { of } = await there.settings(undefined);
    expect(await tlsOf(of('r.test:5000'), 'https://r.test:5000')).toEqual({
      ca: [pem('ca.pem'), pem('other-ca.pem')],
      clientCertificate: { certificate: pem('client.pem'), key: pem('client.key') },
    });
    expect(await tlsOf(of('r.test'), 'https://r.test')).toEqual({});
  });

  test('the first folder that knows the host counts', async () => {
    const there = home();
    there.certificates(inFolder('certs.d/r.test'));
    there.certificates({ 'user.d/r.test/mine.crt': 'other-ca.pem' });
    const { of } = await there.settings(undefined);
    expect(await tlsOf(of('r.test'), 'https://r.test')).toEqual({ ca: [pem('other-ca.pem')] });
  });

  test('the port of https may be in the name of the folder', async () => {
    const there = home();
    there.certificates(inFolder('certs.d/r.test:443'));
    const { of } = await there.settings(undefined);
    expect(await caOf(of('r.test'), 'https://r.test')).toBe('ca.pem');
  });

  test.each(['docker.io', 'registry-1.docker.io'])('%s is Docker Hub', async (name) => {
    const there = home();
    there.certificates(inFolder(`certs.d/${name}`));
    const { of } = await there.settings(undefined);
    expect(await caOf(of('docker.io'), 'https://registry-1.docker.io')).toBe('ca.pem');
  });

  test('the file counts before them, and they before its defaults, field by field', async () => {
    const there = home();
    there.certificates({ ...inFolder('certs.d/r.test'), 'other-ca.pem': 'other-ca.pem' });
    const both = await there.settings({
      defaults: { ca: 'other-ca.pem' },
      registries: { 'r.test': { ca: 'other-ca.pem' } },
    });
    expect(await caOf(both.of('r.test'), 'https://r.test')).toBe('other-ca.pem');
    expect(await tlsOf(both.of('r.test'), 'https://r.test')).toHaveProperty('clientCertificate');
    const defaults = await there.settings({ defaults: { ca: 'other-ca.pem' } });
    expect(await caOf(defaults.of('r.test'), 'https://r.test')).toBe('ca.pem');
    expect(await caOf(defaults.of('x.test'), 'https://x.test')).toBe('other-ca.pem');
  });

  test.each([
    ['client.cert', 'client.pem', 'has client.cert, and no client.key to it; if client.cert is that of a CA'],
    ['client.key', 'client.key', 'has client.key, and no client.cert to it'],
  ])('%s alone is refused', async (name, from, words) => {
    const there = home();
    there.certificates({ [`certs.d/r.test/${name}`]: from });
    const { of } = await there.settings(undefined);
    await expect(tlsOf(of('r.test'), 'https://r.test')).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining(`${there.at('certs.d/r.test')} ${words}`),
    });
  });

  test('a host that is no name leads to no other folder', async () => {
    const there = home();
    there.certificates({ 'ca.crt': 'ca.pem', 'certs.d/ca.crt': 'ca.pem' });
    const { of } = await there.settings(undefined);
    for (const origin of ['https://..', 'https://.'])
      expect(await tlsOf(of('r.test'), origin), origin).toEqual({});
  });
});
