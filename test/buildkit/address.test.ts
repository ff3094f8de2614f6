import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findAddress, parseAddress } from '../../src/buildkit/daemon/address.ts';

async function dockerFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-docker-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe('an address', () => {
  test.each([
    [
      'unix:///run/buildkit/buildkitd.sock',
      { kind: 'buildkitd', socket: { path: '/run/buildkit/buildkitd.sock' } },
    ],
    ['unix:///var/run/docker.sock', { kind: 'docker', socket: { path: '/var/run/docker.sock' } }],
    ['npipe:////./pipe/docker_engine', { kind: 'docker', socket: { path: '//./pipe/docker_engine' } }],
    ['tcp://builder:1234', { kind: 'buildkitd', socket: { host: 'builder', port: 1234 } }],
    ['tcp://builder:80', { kind: 'buildkitd', socket: { host: 'builder', port: 80 } }],
    ['tcp://[::1]:1234', { kind: 'buildkitd', socket: { host: '::1', port: 1234 } }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toMatchObject(address);
  });

  test.each([
    ['docker-container://builder', 'let buildkitd listen on a socket'],
    ['kube-pod://builder', 'let buildkitd listen on a socket'],
    ['ssh://me@builder', 'ssh -nNT -L'],
    ['builder:1234', 'is none of unix://PATH, tcp://HOST:PORT'],
    ['unix://', 'names no socket'],
    ['tcp://builder', 'has no port'],
    ['tcp://builder:1234/path', 'has more than a host and a port'],
    ['tcp://builder:99999', 'is malformed'],
  ])('that cannot be used: %s', (text, advice) => {
    expect(() => parseAddress(text, { from: 'BUILDKIT_HOST' })).toThrow(advice);
    expect(() => parseAddress(text, { from: 'BUILDKIT_HOST' })).toThrow(`"${text}" (from BUILDKIT_HOST)`);
  });
});

describe('without an address', () => {
  test('BUILDKIT_HOST comes before DOCKER_HOST', async () => {
    const env = { BUILDKIT_HOST: 'tcp://builder:1', DOCKER_HOST: 'tcp://docker:2', HOME: '/nowhere' };
    expect(await findAddress({ env })).toMatchObject({ kind: 'buildkitd', text: 'tcp://builder:1' });
    expect(await findAddress({ env: { ...env, BUILDKIT_HOST: '' } })).toMatchObject({
      kind: 'docker',
      socket: { host: 'docker', port: 2 },
    });
  });

  test('an engine over the network has the certificates of DOCKER_CERT_PATH, and a port of its own', async () => {
    const folder = await dockerFolder({ 'ca.pem': '', 'cert.pem': '', 'key.pem': '' });
    const env = { DOCKER_HOST: 'tcp://docker', DOCKER_CERT_PATH: folder, DOCKER_TLS_VERIFY: '1' };
    expect(await findAddress({ env })).toEqual({
      kind: 'docker',
      text: 'tcp://docker',
      socket: { host: 'docker', port: 2376 },
      tls: { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    });
    expect(await findAddress({ env: { DOCKER_HOST: 'tcp://docker' } })).toMatchObject({
      socket: { port: 2375 },
    });
  });

  test('the context that Docker was told to use counts, and DOCKER_CONTEXT more', async () => {
    const meta = (host: string): string => JSON.stringify({ Endpoints: { docker: { Host: host } } });
    const at = (name: string): string =>
      `contexts/meta/${createHash('sha256').update(name).digest('hex')}/meta.json`;
    const folder = await dockerFolder({
      'config.json': JSON.stringify({ currentContext: 'desktop' }),
      [at('desktop')]: meta('unix:///home/me/docker.sock'),
      [at('remote')]: meta('tcp://remote:2376'),
    });
    const env = { DOCKER_CONFIG: folder };
    expect(await findAddress({ env })).toMatchObject({ kind: 'docker', text: 'unix:///home/me/docker.sock' });
    expect(await findAddress({ env: { ...env, DOCKER_CONTEXT: 'remote' } })).toMatchObject({
      text: 'tcp://remote:2376',
    });
    await expect(findAddress({ env: { ...env, DOCKER_CONTEXT: 'typo' } })).rejects.toThrow(
      'the Docker context "typo" (from DOCKER_CONTEXT) does not exist',
    );
  });
});
