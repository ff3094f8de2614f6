import { describe, expect, test } from 'vitest';
import { lookUp, parseDockerConfig } from '../../src/auth/docker-config.ts';
import type { Credentials } from '../../src/auth/credentials.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { base64 } from './folder.ts';
import { failure } from './script.ts';

const HOST = 'registry.example.com';

async function find(
  config: unknown,
  host: string = HOST,
  repository?: string,
): Promise<Credentials | undefined> {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return lookUp(parseDockerConfig(Buffer.from(text), 'FILE'), {
    host,
    repository,
    environment: { PATH: '/nonexistent' },
  });
}

async function refusal(config: unknown): Promise<RegistryError> {
  const error = await failure((async () => find(config))());
  expect(error).toBeInstanceOf(RegistryError);
  expect((error as RegistryError).code).toBe('CREDENTIALS_INVALID');
  return error as RegistryError;
}

describe('an entry', () => {
  test.each([
    ['auth', { auth: base64('alice:pw') }, { username: 'alice', password: 'pw' }],
    [
      'auth with a colon in the password',
      { auth: base64('alice:p:w') },
      { username: 'alice', password: 'p:w' },
    ],
    [
      'auth with NULs at the end, as docker once wrote it',
      { auth: base64('alice:pw\0\0') },
      { username: 'alice', password: 'pw' },
    ],
    [
      'auth without padding',
      { auth: base64('alice:pww').replace('=', '') },
      { username: 'alice', password: 'pww' },
    ],
    ['user and password', { username: 'alice', password: 'pw' }, { username: 'alice', password: 'pw' }],
    [
      'auth before user and password',
      { auth: base64('alice:pw'), username: 'bob', password: 'x' },
      { username: 'alice', password: 'pw' },
    ],
    [
      'an identity token',
      { auth: base64('alice:'), identitytoken: 'id' },
      { username: 'alice', identityToken: 'id' },
    ],
    ['an identity token as a password', { auth: base64('<token>:id') }, { identityToken: 'id' }],
    ['a registry token', { registrytoken: 'rt' }, { registryToken: 'rt' }],
    [
      'more that we do not know',
      { auth: base64('alice:pw'), email: 5 },
      { username: 'alice', password: 'pw' },
    ],
  ])('with %s', async (_name, entry, want) => {
    expect(await find({ auths: { [HOST]: entry } })).toEqual({ ...want, origin: `FILE, auths["${HOST}"]` });
  });

  test.each([
    ['nothing', {}],
    ['empty texts', { auth: '', username: '', password: '' }],
    ['a name alone', { username: 'alice' }],
  ])('with %s is nobody', async (_name, entry) => {
    expect(await find({ auths: { [HOST]: entry } })).toBeUndefined();
  });
});

describe('the key', () => {
  const entry = (user: string) => ({ auth: base64(`${user}:pw`) });

  test('may be a URL', async () => {
    expect((await find({ auths: { [`https://${HOST}/v1/`]: entry('alice') } }))?.username).toBe('alice');
  });

  test('of another host is never taken', async () => {
    const auths = {
      'example.com': entry('a'),
      [`evil-${HOST}`]: entry('b'),
      [`${HOST}.evil.test`]: entry('c'),
      [`${HOST}:5000`]: entry('d'),
    };
    expect(await find({ auths })).toBeUndefined();
  });

  test('may be for a part of the registry, which is not for the rest', async () => {
    const config = { auths: { [`${HOST}/team`]: entry('team'), [`${HOST}/team/secret`]: entry('secret') } };
    expect((await find(config, HOST, 'team/secret/x'))?.username).toBe('secret');
    expect((await find(config, HOST, 'team/x'))?.username).toBe('team');
    expect(await find(config, HOST, 'other/x')).toBeUndefined();
    expect(await find(config)).toBeUndefined();
  });

  test('of Docker Hub may be any of its names; one that is empty does not hide the next', async () => {
    const auths = { 'https://index.docker.io/v1/': {}, 'docker.io': entry('alice') };
    expect((await find({ auths }, 'registry-1.docker.io'))?.username).toBe('alice');
  });

  test('whose entry is bad does not matter to other hosts', async () => {
    const config = { auths: { 'other.test': { auth: '!' }, [HOST]: entry('alice') } };
    expect((await find(config))?.username).toBe('alice');
  });
});

describe('a file', () => {
  test('without entries knows nobody', async () => {
    expect(await find({})).toBeUndefined();
    expect(await find({ auths: null, credHelpers: {}, credsStore: '' })).toBeUndefined();
  });

  // Row 74 of the corpus.
  test.each([
    ['empty', '', 'FILE: the file is empty'],
    ['an array', '[]', 'FILE: not a JSON object'],
    ['cut off', '{"auths":{"x":{"auth":"secret', 'FILE: not valid JSON'],
    ['with a mistake', '{"auths":{"x":{"auth":"secret" "x"}}}', 'FILE: not valid JSON'],
    ['with a key twice', '{"auths":{},"auths":{}}', 'FILE: the same key twice (position 12)'],
    ['whose auths are an array', { auths: [] }, 'FILE: "auths" is not an object'],
    ['whose credHelpers are a text', { credHelpers: 'secret' }, 'FILE: "credHelpers" is not an object'],
    ['whose credsStore is a number', { credsStore: 5 }, 'FILE: "credsStore" is not a text'],
    ['whose entry is a text', { auths: { [HOST]: 'secret' } }, `FILE, auths["${HOST}"]: not an object`],
    [
      'whose auth is a number',
      { auths: { [HOST]: { auth: 5 } } },
      `FILE, auths["${HOST}"]: "auth" is not a text`,
    ],
    [
      'whose auth is not base64',
      { auths: { [HOST]: { auth: 'secret!' } } },
      `FILE, auths["${HOST}"]: "auth" is not base64`,
    ],
    [
      'whose auth is cut off',
      { auths: { [HOST]: { auth: 'secre' } } },
      `FILE, auths["${HOST}"]: "auth" is not base64`,
    ],
    [
      'whose auth has no colon',
      { auths: { [HOST]: { auth: base64('secret') } } },
      'no colon between user and password',
    ],
    [
      `whose key is a URL`,
      { auths: { [`https://${HOST}/v1/`]: { auth: '!' } } },
      `FILE, auths["https://${HOST}/v1/"]: "auth"`,
    ],
    [
      'with a helper with a path',
      { credHelpers: { [HOST]: '../x' } },
      `FILE, credHelpers["${HOST}"]: "../x" cannot be the name of a helper`,
    ],
    [
      'with a helper for the shell',
      { credsStore: 'x;rm' },
      'FILE, credsStore: "x;rm" cannot be the name of a helper',
    ],
    [
      'with a helper that is no text',
      { credHelpers: { [HOST]: 5 } },
      `FILE, credHelpers["${HOST}"] is not a text`,
    ],
    [
      'with a helper that is not there',
      { credHelpers: { [HOST]: 'x' } },
      `FILE, credHelpers["${HOST}"]: there is no docker-credential-x on the PATH`,
    ],
  ])('%s', async (_name, config, want) => {
    const error = await refusal(config);
    expect(error.message).toContain(want);
    expect(JSON.stringify([error.message, String(error.cause), error.detail])).not.toContain('secret');
  });

  test('not in UTF-8', () => {
    expect(() => parseDockerConfig(Buffer.from([0x7b, 0xff, 0x7d]), 'FILE')).toThrow('FILE: not valid JSON');
  });
});
