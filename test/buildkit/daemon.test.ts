import { Code, ConnectError } from '@connectrpc/connect';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  openDaemon,
  tlsFolder,
  type Daemon,
  type DaemonKind,
  type OpenDaemonOptions,
} from '../../src/buildkit/index.ts';
import { fakeDaemon, type FakeBuilder, type FakeDaemon } from './fake-daemon.ts';

const certificate = (name: string): string =>
  new URL(`../transport/certificates/${name}`, import.meta.url).pathname;

async function faked(kind: DaemonKind, builder: Partial<FakeBuilder> = {}): Promise<FakeDaemon> {
  const fake = await fakeDaemon(kind, builder);
  onTestFinished(() => fake.close());
  return fake;
}

async function opened(options: OpenDaemonOptions): Promise<Daemon> {
  const daemon = await openDaemon(options);
  onTestFinished(() => daemon.close());
  return daemon;
}

describe.each<DaemonKind>(['buildkitd', 'docker'])('a builder by way of %s', (kind) => {
  test('tells what it is', async () => {
    const control = (): ReturnType<FakeBuilder['control']> => ({
      listWorkers: () => ({
        record: [
          {
            labels: { executor: 'oci' },
            platforms: [
              { os: 'linux', architecture: 'amd64' },
              { os: 'linux', architecture: 'arm', variant: 'v7' },
            ],
          },
        ],
      }),
    });
    const { address } = await faked(kind, { control });
    const daemon = await opened({ address, kind });
    expect(await daemon.info()).toEqual({
      version: 'v0.25.1',
      revision: '',
      platforms: ['linux/amd64', 'linux/arm/v7'],
      imageStore: kind === 'docker' ? 'graphdriver' : 'containerd',
      labels: { executor: 'oci' },
    });
  });

  test('listens on a socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-builder-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { address } = await faked(kind, { path: join(folder, 'builder.sock') });
    expect((await opened({ address, kind })).address).toBe(`unix://${folder}/builder.sock`);
  });

  test('says how far it is', async () => {
    const control = (): ReturnType<FakeBuilder['control']> => ({
      async *status({ ref }) {
        yield { vertexes: [{ name: `first of ${ref}` }] };
        yield { vertexes: [{ name: 'second' }] };
      },
    });
    const { address } = await faked(kind, { control });
    const names: string[] = [];
    for await (const { vertexes } of (await opened({ address, kind })).status('r'))
      names.push(...vertexes.map(({ name }) => name));
    expect(names).toEqual(['first of r', 'second']);
  });

  test('stops building when it is told to', async () => {
    let stopped = false;
    const control = (): ReturnType<FakeBuilder['control']> => ({
      solve: (_request, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (stopped = true), { once: true })),
    });
    const { address } = await faked(kind, { control });
    const interrupt = new AbortController();
    const solved = (await opened({ address, kind })).solve({ ref: 'r' }, { signal: interrupt.signal });
    setTimeout(() => interrupt.abort(new Error('interrupted')), 20);
    await expect(solved).rejects.toThrow('interrupted');
    await expect.poll(() => stopped).toBe(true);
  });
});

test('a build that fails says where in the Dockerfile', async () => {
  const dockerfile = 'FROM scratch\nRUN nothing\n';
  const detail = (type: string, value: unknown): { type: string; value: Uint8Array } => ({
    type,
    value: Buffer.from(JSON.stringify(value)),
  });
  const control = (): ReturnType<FakeBuilder['control']> => ({
    solve() {
      const error = new ConnectError('process "/bin/sh -c nothing" did not complete', Code.Unknown);
      error.details = [
        detail('errdefs.Vertex+json', { digest: 'sha256:1' }),
        detail('errdefs.Source+json', {
          info: { filename: 'Dockerfile', data: Buffer.from(dockerfile).toString('base64') },
          ranges: [{ start: { line: 2 }, end: { line: 2 } }],
        }),
        detail('stack.Stack+json', 'whatever'),
      ];
      throw error;
    },
  });
  const { address } = await faked('buildkitd', { control });
  await expect((await opened({ address })).solve({ ref: 'r' })).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: 'process "/bin/sh -c nothing" did not complete',
    detail: {
      code: 'unknown',
      vertex: 'sha256:1',
      sources: [{ filename: 'Dockerfile', text: dockerfile, lines: [{ start: 2, end: 2 }] }],
    },
  });
});

test('of a layer that a build left half copied, it is told what to do', async () => {
  const control = (): ReturnType<FakeBuilder['control']> => ({
    solve() {
      throw new ConnectError('failed to copy: unsupported offset', Code.Unknown);
    },
  });
  const { address } = await faked('buildkitd', { control });
  await expect((await opened({ address })).solve({ ref: 'r' })).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringMatching(
      /unsupported offset; the builder kept a part of a layer .* another builder/,
    ),
  });
});

describe('no way to a builder:', () => {
  test('nobody listens', async () => {
    const { address, close } = await fakeDaemon('buildkitd');
    await close();
    await expect(openDaemon({ address })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `no way to the builder at ${address}: nobody listens there; start buildkitd, or correct BUILDKIT_HOST`,
    });
    await expect(openDaemon({ address: 'unix:///nowhere/docker.sock' })).rejects.toThrow(
      'there is no such socket; start Docker, or name a builder with BUILDKIT_HOST or DOCKER_HOST',
    );
  });

  test('the engine is too old', async () => {
    const { address } = await faked('docker', { refuse: true });
    await expect(openDaemon({ address, kind: 'docker' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        'does not build with BuildKit: POST /grpc was answered with 404 Not Found',
      ),
    });
  });

  test('the engine speaks TLS', async () => {
    const engine = createHttpServer((_, response) => response.writeHead(400).end());
    await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void engine.close());
    const address = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
    await expect(openDaemon({ address, kind: 'docker' })).rejects.toThrow(
      '400 Bad Request; it may want TLS, with certificates',
    );
  });

  test('it is a Docker engine, and was taken for a builder', async () => {
    const { address } = await faked('docker');
    await expect(openDaemon({ address, kind: 'buildkitd' })).rejects.toThrow(
      'a Docker engine is named with DOCKER_HOST',
    );
  });

  test.each<DaemonKind>(['buildkitd', 'docker'])('it does not answer, as %s', async (kind) => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const address = `tcp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await expect(openDaemon({ address, kind, connectTimeout: 50 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(new Error('interrupted')), 20);
    await expect(openDaemon({ address, kind, signal: interrupt.signal })).rejects.toThrow('interrupted');
  });
});

describe('over TLS', () => {
  const secure = async (): Promise<string> => {
    const tls = {
      key: await readFile(certificate('server.key')),
      cert: await readFile(certificate('server.pem')),
      ca: await readFile(certificate('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    };
    return (await faked('buildkitd', { tls })).address;
  };

  test('the builder and we know each other', async () => {
    const tls = {
      ca: certificate('ca.pem'),
      cert: certificate('client.pem'),
      key: certificate('client.key'),
    };
    const daemon = await opened({ address: await secure(), tls });
    expect(daemon.kind).toBe('buildkitd');
  });

  test('a builder that somebody else vouches for is refused', async () => {
    const tls = { ca: certificate('other-ca.pem') };
    await expect(openDaemon({ address: await secure(), tls })).rejects.toThrow(
      /TLS failed: nobody whom we trust vouches for it/,
    );
  });

  test('a builder that wants to know us says so', async () => {
    const address = await secure();
    await expect(openDaemon({ address, tls: { ca: certificate('ca.pem') } })).rejects.toThrow(
      /no way to the builder at .*: it asks for a certificate of ours, and its key, and was given none/,
    );
    await expect(openDaemon({ address })).rejects.toThrow(/it may want TLS, with certificates/);
  });

  test('certificates that are none are told of', async () => {
    const tls = { cert: certificate('client.pem'), key: certificate('ca.pem') };
    await expect(openDaemon({ address: await secure(), tls })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(/the certificates for the builder cannot be used \(.*client\.pem/),
    });
  });

  test('certificates are found in a folder, by either of their names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-certificates-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(() => tlsFolder(folder)).toThrow(`there are no certificates in ${folder}`);
    const names = { ca: 'ca.crt', cert: 'cert.pem', key: 'tls.key' };
    for (const name of Object.values(names)) await writeFile(join(folder, name), '');
    expect(tlsFolder(folder)).toEqual(
      Object.fromEntries(Object.entries(names).map(([kind, name]) => [kind, join(folder, name)])),
    );
  });

  test('a certificate without its key is of no use', async () => {
    const tls = { cert: certificate('client.pem') };
    await expect(openDaemon({ address: await secure(), tls })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
    });
  });
});
