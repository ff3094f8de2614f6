import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { defaultCredentials, noCredentials, staticCredentials } from '../../src/auth/credentials.ts';
import { basicAuthorization } from '../../src/auth/login.ts';
import { base64, home } from './folder.ts';
import { failure } from './script.ts';

const HOST = 'registry.example.com';

describe('staticCredentials', () => {
  const source = staticCredentials({
    [HOST]: { username: 'a', password: 'b' },
    'docker.io': { registryToken: 't', origin: 'x' },
  });

  test('are for one host each', async () => {
    expect(await source(HOST)).toEqual({ username: 'a', password: 'b', origin: 'the options' });
    expect(await source('registry-1.docker.io')).toEqual({ registryToken: 't', origin: 'x' });
    expect(await source('evil.test')).toBeUndefined();
    expect(await source(`${HOST}:5000`)).toBeUndefined();
  });
});

test('noCredentials knows nobody', async () => {
  expect(await noCredentials(HOST)).toBeUndefined();
});

test('Basic is written in UTF-8', () => {
  expect(basicAuthorization({ username: 'Käthe', password: 'p:w', origin: '' })).toBe(
    `Basic ${base64('Käthe:p:w')}`,
  );
});

describe('defaultCredentials', () => {
  const entry = (user: string) => ({ auths: { [HOST]: { auth: base64(`${user}:pw`) } } });

  test('knows nobody where there is no file', async () => {
    const { environment } = home();
    expect(await defaultCredentials({ environment })(HOST)).toBeUndefined();
  });

  test('takes the first place that knows the host', async () => {
    const { environment, write, at } = home();
    const everywhere = {
      ...environment,
      DOCKER_CONFIG: at('docker'),
      REGISTRY_AUTH_FILE: at('podman.json'),
      XDG_RUNTIME_DIR: at('run'),
      XDG_CONFIG_HOME: at('config'),
    };
    const who = async (env: NodeJS.ProcessEnv): Promise<string | undefined> =>
      (await defaultCredentials({ environment: env })(HOST))?.username;

    write('.config/containers/auth.json', entry('podman in the home'));
    expect(await who(environment)).toBe('podman in the home');
    write('config/containers/auth.json', entry('podman where XDG says'));
    expect(await who(everywhere)).toBe('podman where XDG says');
    write('run/containers/auth.json', entry('podman of this session'));
    expect(await who(everywhere)).toBe('podman of this session');
    write('podman.json', entry('podman where told'));
    expect(await who(everywhere)).toBe('podman where told');
    write('.docker/config.json', entry('docker in the home'));
    expect(await who(everywhere), 'DOCKER_CONFIG stands in place of the home').toBe('podman where told');
    expect(await who(environment)).toBe('docker in the home');
    write('docker/config.json', entry('docker where told'));
    expect(await who(everywhere)).toBe('docker where told');
    expect(await who({ ...everywhere, DOCKER_AUTH_CONFIG: JSON.stringify(entry('inline')) })).toBe('inline');
    const others = JSON.stringify({ auths: { 'other.test': { auth: base64('other:pw') } } });
    expect(await who({ ...everywhere, DOCKER_AUTH_CONFIG: others })).toBe('docker where told');
  });

  test('says where they come from', async () => {
    const { environment, write } = home();
    const file = write('.docker/config.json', entry('alice'));
    expect(await defaultCredentials({ environment })(HOST)).toEqual({
      username: 'alice',
      password: 'pw',
      origin: `${file}, auths["${HOST}"]`,
    });
  });

  test('looks into the home that it is given', async () => {
    const { path, write } = home();
    write('.docker/config.json', entry('alice'));
    const source = defaultCredentials({ environment: { HOME: '/nonexistent' }, homeDirectory: path });
    expect((await source(HOST))?.username).toBe('alice');
  });

  test('sees a login that happens later', async () => {
    const { environment, write } = home();
    const source = defaultCredentials({ environment });
    expect(await source(HOST)).toBeUndefined();
    write('.docker/config.json', entry('alice'));
    expect((await source(HOST))?.username).toBe('alice');
  });

  test('reads a pipe', async () => {
    const { environment, at } = home();
    expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0);
    const writer = (await import('node:fs/promises')).writeFile(at('pipe'), JSON.stringify(entry('alice')));
    const source = defaultCredentials({ environment: { ...environment, REGISTRY_AUTH_FILE: at('pipe') } });
    expect((await source(HOST))?.username).toBe('alice');
    await writer;
  });

  test('does not take a folder or a flood for a file', async () => {
    const { environment, write, at } = home();
    mkdirSync(at('.docker/config.json'), { recursive: true });
    expect(await failure(defaultCredentials({ environment })(HOST))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: `${at('.docker/config.json')}: cannot be read (EISDIR)`,
    });
    const big = write('big.json', ' '.repeat(2 * 1024 * 1024));
    const source = defaultCredentials({ environment: { HOME: at('nowhere'), REGISTRY_AUTH_FILE: big } });
    expect(await failure(source(HOST))).toMatchObject({ message: `${big}: longer than 1048576 bytes` });
  });
});

test('loading the room loads no files and processes of Node', async () => {
  const { metafile } = await build({
    entryPoints: [new URL('../../src/auth/index.ts', import.meta.url).pathname],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    treeShaking: false,
    outdir: '/nowhere',
    write: false,
    metafile: true,
  });
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { path, kind } of metafile.outputs[name]?.imports ?? [])
      if (kind === 'import-statement') load(path);
  };
  load(
    'nowhere/index.js' in metafile.outputs
      ? 'nowhere/index.js'
      : (Object.keys(metafile.outputs).find((name) => name.endsWith('/index.js')) as string),
  );
  expect([...loaded].filter((name) => name.startsWith('node:'))).toEqual([]);
});
