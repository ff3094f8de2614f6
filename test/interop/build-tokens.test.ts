import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createHandler, toNodeListener } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { pushImage } from '../buildkit/image.ts';
import { tarOf } from '../buildkit/tar.ts';
import { buildTests, type Builder } from './builder.ts';
import { cli } from './peers.ts';
import { attempt } from './processes.ts';

const builds = buildTests();
const BASIC = `Basic ${Buffer.from('me:s3cret-pw').toString('base64')}`;

/** Who asked for what, and by what right. */
interface Asked {
  readonly path: string;
  readonly who: string;
  readonly authorization: string | undefined;
}

/** A registry with one image, which lets nobody in without a token of its own token server, or without a password. */
async function privateRegistry(
  { stage }: Builder,
  scheme: 'Bearer' | 'Basic',
): Promise<{ readonly host: string; readonly asked: readonly Asked[] }> {
  const registry = memoryRegistry();
  const { digests } = await pushImage(
    registry,
    'app',
    tarOf('file', Buffer.from(`${scheme} ${Math.random()}`)),
  );
  const manifest = await registry.getManifest('app', digests.manifest);
  await registry.pushManifest('app', await manifest.bytes(), {
    mediaType: manifest.descriptor.mediaType,
    tags: ['1'],
  });
  const asked: Asked[] = [];
  const serve = toNodeListener(createHandler(registry));
  const server = createServer((request, response) => {
    const { authorization, 'user-agent': agent = '' } = request.headers;
    const path = request.url?.replace(/\?.*/, '') ?? '';
    asked.push({ path, who: agent.split('/', 1)[0] ?? '', authorization });
    if (path === '/token')
      return response.writeHead(authorization === BASIC ? 200 : 401).end('{"token":"for you"}');
    if (authorization === (scheme === 'Basic' ? BASIC : 'Bearer for you')) return serve(request, response);
    const challenge =
      scheme === 'Basic' ? 'Basic realm="x"' : `Bearer realm="http://${host}/token",service="here"`;
    return response.writeHead(401, { 'www-authenticate': challenge }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.onClose(async () => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, asked };
}

/** Builds from an image that the engine pulls by itself, with what we know of its registry. */
async function buildFrom(builder: Builder, host: string): Promise<void> {
  const config = builder.stage.newFolder('login');
  await mkdir(config);
  const auth = Buffer.from('me:s3cret-pw').toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  const file = await builder.dockerfile(`FROM ${host}/app:1\nENV A=b\n`);
  const out = builder.stage.newFolder('out');
  const env = { ...builder.docker.env, DOCKER_CONFIG: config, BUILDKIT_HOST: undefined };
  const words = [cli, 'build', '--progress', 'plain', '--pull', '-f', file, '-o', `oci-layout:${out}:1`];
  const { code, stderr } = await attempt(process.execPath, [...words, builder.context], { env });
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('s3cret-pw');
}

builds(
  'an engine that pulls is given tokens: the password goes to the token server alone',
  [],
  async (builder) => {
    const { host, asked } = await privateRegistry(builder, 'Bearer');
    await buildFrom(builder, host);
    const withPassword = asked.filter(({ authorization }) => authorization === BASIC);
    expect(new Set(withPassword.map(({ path, who }) => `${who} ${path}`))).toEqual(
      new Set(['stowage /token']),
    );
    const byEngine = asked.filter(({ who }) => who !== 'stowage');
    expect(new Set(byEngine.map(({ authorization }) => authorization))).toEqual(
      new Set([undefined, 'Bearer for you']),
    );
  },
);

builds('one that a registry asks for a password is given that', [], async (builder) => {
  const { host, asked } = await privateRegistry(builder, 'Basic');
  await buildFrom(builder, host);
  expect(asked.filter(({ who }) => who === 'stowage')).toEqual([]);
});
