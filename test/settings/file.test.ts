import { toJsonSchema } from '@valibot/to-json-schema';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { settingsSchema } from '../../src/settings/schema.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { home } from './folder.ts';

test('schema/registries.json is the form that is checked; `npx vitest run -u test/settings` writes it', async () => {
  const file = new URL('../../schema/registries.json', import.meta.url).pathname;
  const schema = {
    $id: 'https://unpkg.com/stowage/schema/registries.json',
    ...toJsonSchema(settingsSchema, { target: 'draft-2020-12', ignoreActions: ['check'] }),
  };
  const text = await format(JSON.stringify(schema), { ...(await resolveConfig(file)), parser: 'json' });
  await expect(text).toMatchFileSnapshot(file);
});

test('a file with all there is', async () => {
  const { of } = await home().settings({
    $schema: 'https://unpkg.com/stowage/schema/registries.json',
    defaults: { ca: 'corporate-ca.pem', idleTimeout: 20 },
    registries: {
      'docker.io': {
        mirrors: [
          { url: 'https://mirror.example.com/hub', fallback: 'missing' },
          { url: 'https://proxy.example.com', fallback: 'unavailable', namespace: true },
          { url: 'https://harbor.example.com', repositoryPrefix: 'hub-cache' },
        ],
        rate: { requests: 200, seconds: 60 },
        concurrency: 8,
      },
      'registry.example.com:5000': {
        url: 'https://10.0.0.5:5000/registry',
        clientCertificate: { certificate: 'client.pem', key: 'client.key' },
        allowRealms: ['login.example.com'],
        chunkSize: 16_777_216,
      },
      '*.lab.example.com': { plainHttp: true, skipTlsVerification: true, singlePost: true },
    },
  });
  expect(of('docker.io').mirrors.map(({ name }) => name)).toEqual([
    'mirror.example.com/hub',
    'proxy.example.com',
    'harbor.example.com',
  ]);
  expect(of('a.lab.example.com').plainHttp).toBe(true);
});

describe('what is no settings', () => {
  test.each<[string, unknown, string]>([
    [
      'a setting that is none',
      { registries: { 'r.test': { mirors: [] } } },
      '/registries/r.test/mirors is no setting; "mirrors" is one',
    ],
    ['far from any', { zzz: 1 }, '/zzz is no setting; there are: $schema, defaults, registries'],
    [
      'deeper',
      { registries: { 'r.test': { mirrors: [{ url: 'https://m.test', fallbak: 1 }] } } },
      '/registries/r.test/mirrors/0/fallbak is no setting; "fallback" is one',
    ],
    [
      'of another kind',
      { registries: { 'r.test': { plainHttp: 'yes' } } },
      '/registries/r.test/plainHttp must be true or false',
    ],
    ['a list', [], 'the document must be an object'],
    [
      'no mirror',
      { registries: { 'r.test': { mirrors: [{}] } } },
      '/registries/r.test/mirrors/0/url is missing',
    ],
    [
      'no fallback',
      { registries: { 'r.test': { mirrors: [{ url: 'https://m.test', fallback: 'always' }] } } },
      '/registries/r.test/mirrors/0/fallback must be "missing", "unavailable" or "never"',
    ],
    [
      'no host',
      { registries: { 'https://r.test': {} } },
      '/registries/https:~1~1r.test must be a host, with or without port',
    ],
    ['a pattern in the middle', { registries: { 'a.*.test': {} } }, 'must be a host'],
    ['a pattern for everything', { registries: { '*': {} } }, 'must be a host'],
    ['no count', { defaults: { concurrency: 0 } }, '/defaults/concurrency must be at least 1'],
    ['half a rate', { defaults: { rate: { requests: 5 } } }, '/defaults/rate/seconds is missing'],
    [
      'no time',
      { defaults: { rate: { requests: 5, seconds: 0 } } },
      '/defaults/rate/seconds must be more than 0',
    ],
    [
      'no burst',
      { defaults: { rate: { requests: 5, seconds: 1, burst: 0 } } },
      '/defaults/rate/burst must be at least 1',
    ],
    [
      'a client certificate for everybody',
      { defaults: { clientCertificate: { certificate: 'c', key: 'k' } } },
      '/defaults/clientCertificate is no setting',
    ],
    [
      'half a client certificate',
      { registries: { 'r.test': { clientCertificate: { key: 'k' } } } },
      '/registries/r.test/clientCertificate/certificate is missing',
    ],
    [
      'no realm',
      { registries: { 'r.test': { allowRealms: ['https://a.test'] } } },
      '/registries/r.test/allowRealms/0 must be a host',
    ],
    [
      'no repository',
      { registries: { 'r.test': { mirrors: [{ url: 'https://m.test', repositoryPrefix: '/Hub/' }] } } },
      '/registries/r.test/mirrors/0/repositoryPrefix must be the beginning of a repository',
    ],
    [
      'one registry twice',
      { registries: { 'docker.io': {}, 'index.docker.io': {} } },
      '/registries/index.docker.io and "docker.io" are the same registry',
    ],
    [
      'one registry twice, by its port',
      { registries: { 'r.test': {}, 'R.test:443': {} } },
      'are the same registry',
    ],
    [
      'one place for many',
      { registries: { '*.r.test': { url: 'https://r.test' } } },
      '/registries/*.r.test has a "url", which cannot be that of several registries',
    ],
    [
      'two ways to speak',
      { registries: { 'r.test': { url: 'https://r.test', plainHttp: true } } },
      '/registries/r.test has "plainHttp" beside a "url"',
    ],
    ['no JSON', '{"registries": }', 'not valid JSON'],
    ['a name twice', '{"registries": {"a.b": {}, "a.b": {}}}', 'duplicate key "a.b"'],
    ['no UTF-8', '\u0000', 'not valid JSON'],
  ])('%s', async (_, document, words) => {
    const there = home();
    await expect(there.settings(document)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining(words),
    });
    await expect(there.settings(document)).rejects.toThrow(`${there.at('registries.json')}: `);
  });

  test.each([
    'https://user:canary@r.test',
    'https://r.test/?token=canary',
    'https://r.test/#canary',
    'ftp://r.test/canary',
    'r.test/canary',
    'https://',
  ])('[A45] an address that is none is not shown, as it may have a password: %s', async (url) => {
    for (const entry of [{ url }, { mirrors: [{ url }] }]) {
      const failed = await home()
        .settings({ registries: { 'r.test': entry } })
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'SETTINGS_INVALID' });
      expect(String(failed)).not.toContain('canary');
    }
  });

  test('several problems are told at once, and not hundreds', async () => {
    const registries = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`r${at}.test`, { x: 1 }]));
    const failed = home().settings({ registries });
    await expect(failed).rejects.toThrow(
      /\/registries\/r0.test\/x is .*\/registries\/r4.test\/x .* \(and 4 more\)$/,
    );
  });
});

describe('where the file is', () => {
  const document = { registries: { 'r.test': { plainHttp: true } } };
  const load = async (environment: Readonly<Record<string, string>>, file?: string): Promise<unknown> => {
    const settings = await loadSettings({ environment, ...(file !== undefined && { file }) });
    return settings.of('r.test').plainHttp;
  };

  test('the one that is given, else the one of the environment, else the one of the user', async () => {
    const { write, at } = home();
    const no = { registries: { 'r.test': { plainHttp: false } } };
    const [yes, HOME] = [write('yes.json', document), at('.')];
    write('.config/stowage/registries.json', no);
    expect(await load({ HOME, STOWAGE_REGISTRIES: write('no.json', no) }, yes)).toBe(true);
    expect(await load({ HOME, STOWAGE_REGISTRIES: yes })).toBe(true);
    expect(await load({ HOME })).toBe(false);
    write('elsewhere/stowage/registries.json', document);
    expect(await load({ HOME, XDG_CONFIG_HOME: at('elsewhere') })).toBe(true);
  });

  test('one that was asked for has to be there; that of the user need not', async () => {
    const { at } = home();
    const HOME = at('.');
    expect(await load({ HOME })).toBe(undefined);
    await expect(load({ HOME }, at('none.json'))).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: `the settings: there is no file ${at('none.json')}`,
    });
    await expect(load({ HOME, STOWAGE_REGISTRIES: at('none.json') })).rejects.toThrow(
      `$STOWAGE_REGISTRIES: there is no file ${at('none.json')}`,
    );
    await expect(load({ HOME }, HOME)).rejects.toThrow('cannot be read (EISDIR)');
  });

  test('a file that is no settings for its size alone', async () => {
    const { write } = home();
    await expect(load({}, write('long.json', ' '.repeat(5 * 1024 * 1024)))).rejects.toThrow('longer than');
  });
});
